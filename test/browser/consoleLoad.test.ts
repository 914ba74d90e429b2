/** The console with much to show, and below a path prefix of a proxy. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { signInLink } from '../../local/signInLink.ts';
import { until } from '../support/until.ts';
import { type System, systemsPerFile } from '../system/system.ts';
import { launch, notedContext } from './browser.ts';

jest.setTimeout(240_000);

/** Milliseconds for a hundred pages on a machine that does much else. */
const LONG_MS = 100_000;

const CHATS = 10_000;

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

const link = async () => String(await signInLink(system));

test('ten thousand rows are scrolled to the last one, of which the page holds those that are seen', async () => {
  const { open, troubles } = await notedContext(browser);
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
});

test('below a path prefix of a proxy, pages, files, questions and streams find their way', async () => {
  const proxy = await startPrefixProxy('/debug/', system.gatewayUrl);
  const { open, troubles, requested } = await notedContext(browser);
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
