/** The console with much to show, for a long time, and below a path prefix of a proxy. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { type System, systemsPerFile } from '../system/system.ts';
import { launch, notedContext } from './browser.ts';

jest.setTimeout(240_000);

/** Milliseconds for a hundred pages, or for an hour of updates, on a machine that does much else. */
const LONG_MS = 100_000;

const CHATS = 10_000;
/** Updates of an hour, one a second. */
const UPDATES = 3_600;
const A_STREAM = 400;

const systems = systemsPerFile();
let system: System;
let browser: Browser;

beforeAll(async () => {
  [system, browser] = await Promise.all([systems.start(), launch()]);
  await system.pool.query(
    `INSERT INTO chats (owner_id, title, status) SELECT gen_random_uuid(), 'Chat ' || n, 'waiting'
     FROM generate_series(1, $1::int) AS n, (SELECT set_config('chat_debug.events', 'off', true)) AS uncounted`,
    [CHATS],
  );
});
afterAll(() => browser?.close());

const link = () => system.run('dist/cli/token.js', '--link');

test('ten thousand rows are scrolled to the last one, of which the page holds those that are seen', async () => {
  const { context, open, troubles } = await notedContext(browser);
  const page = await open(await link());
  await page.getByRole('link', { name: 'All chats' }).click();
  await page.locator('.long .row').first().waitFor();
  const rows = () => page.locator('.long .row').count();
  let most = 0;
  await until(
    'all rows were read',
    async () => {
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      most = Math.max(most, await rows());
      return /^10000 chats/.test(await page.locator('p.count').innerText());
    },
    LONG_MS,
  );
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  await until(
    'the last row is seen',
    async () => (await page.locator('.long .row').last().getAttribute('data-index')) === `${CHATS - 1}`,
  );
  expect(most).toBeLessThan(100);
  await page.evaluate('scrollTo(0, 0)');
  await until(
    'the first row is seen',
    async () => (await page.locator('.long .row').first().getAttribute('data-index')) === '0',
  );
  await page.getByRole('searchbox').fill('Chat 77');
  await until('those are found', async () => /^111 chats/.test(await page.locator('p.count').innerText()));
  expect(troubles).toEqual([]);
  await context.close();
});

test('an hour of updates leaves nothing behind', async () => {
  const { context, open } = await notedContext(browser);
  let told = 0;
  await context.route('**/graphql', async (route) => {
    if (!route.request().headers().accept?.includes('event-stream')) return route.continue();
    const events = Array.from(
      { length: A_STREAM },
      () => `event: next\ndata: ${JSON.stringify({ data: fleetAt(told++) })}\n\n`,
    );
    await route.fulfill({ headers: { 'content-type': 'text/event-stream' }, body: events.join('') });
  });
  const page = await open(await link());
  const client = await context.newCDPSession(page);
  const after = async (updates: number) => {
    await until(
      `${updates} updates were told`,
      async () => {
        await page
          .getByRole('button', { name: 'Try now' })
          .click({ timeout: 1_000 })
          .catch(() => {});
        return told >= updates;
      },
      LONG_MS,
    );
    return heapOf(client, page);
  };
  const early = await after(2 * A_STREAM);
  const late = await after(2 * A_STREAM + UPDATES);
  expect(late).toBeLessThan(1.1 * early);
  await context.close();
});

/** Bytes that a page holds when what is of no use is gone. */
async function heapOf(client: CDPSession, page: Page): Promise<number> {
  await page.waitForTimeout(500);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  return usedSize;
}

/** Answer to the fleet's question: thirty chats in trouble, which change from one update to the next. */
function fleetAt(update: number) {
  const edges = Array.from({ length: 30 }, (_, i) => ({
    node: {
      chatId: `018f3c1e-5b7a-4c2d-9e10-${String(i + (update % 7)).padStart(12, '0')}`,
      executionState: 'R0',
      database: {
        title: `Chat ${i}`,
        ownerId: '018f3c1e-0000-4000-8000-000000000001',
        workerId: null,
        updatedAt: '2026-12-05T03:00:00Z',
        updatedAgeSeconds: update,
        queueDepth: 0,
      },
      diagnosis: {
        verdict: 'STUCK',
        summary: `Stuck for ${update} s`,
        findings: [{ code: 'NO_OWNER', severity: 'CRITICAL' }],
      },
    },
  }));
  return { chats: { edges, pageInfo: { hasNextPage: false, endCursor: null } } };
}

test('below a path prefix of a proxy, pages, files, questions and streams find their way', async () => {
  const proxy = await startPrefixProxy('/debug/', system.gatewayUrl);
  const { context, open, troubles, requested } = await notedContext(browser);
  const page = await open(`${proxy.url}/debug/${new URL(await link()).hash}`);
  await page.locator('.link[data-link=live]').waitFor();
  expect(page.url()).toBe(`${proxy.url}/debug/`);
  await page.getByRole('link', { name: 'All chats' }).click();
  await page.locator('.long .row a').first().click();
  await page.getByRole('heading', { name: 'Both halves' }).waitFor();
  expect(page.url()).toMatch(/\/debug\/chats\/[0-9a-f-]{36}$/);
  await page.reload();
  await page.getByRole('heading', { name: 'Both halves' }).waitFor();
  await page.goto(`${proxy.url}/debug/?query=%7B__typename%7D`);
  await page.locator('.graphiql-query-editor .CodeMirror-code').waitFor();
  expect(requested.filter(({ pathname }) => !pathname.startsWith('/debug/'))).toEqual([]);
  expect(troubles).toEqual([]);
  await context.close();
  await proxy.stop();
});

async function startPrefixProxy(prefix: string, target: string) {
  const server: Server = createServer((asked, answer) => {
    if (!asked.url?.startsWith(prefix)) return void answer.writeHead(404).end();
    const path = `/${asked.url.slice(prefix.length)}`;
    const passed = request(new URL(target), { path, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
