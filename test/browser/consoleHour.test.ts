/** The console after an hour of updates: what it holds then. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { type System, systemsPerFile } from '../system/system.ts';
import { launch, notedContext } from './browser.ts';

jest.setTimeout(240_000);

/** Milliseconds for an hour of updates, on a machine that does much else. */
const LONG_MS = 100_000;
/** Updates of an hour, one a second. */
const UPDATES = 3_600;
const A_STREAM = 400;
const LOOKS = 8;

const systems = systemsPerFile();
let system: System;
let browser: Browser;

beforeAll(async () => {
  [system, browser] = await Promise.all([systems.start(), launch()]);
});
afterAll(() => browser?.close());

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
  const page = await open(await system.run('dist/cli/token.js', '--link'));
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
  const early = await after(A_STREAM);
  const late = await after(A_STREAM + UPDATES);
  process.stdout.write(`Heap after ${A_STREAM} updates: ${early} bytes; after ${UPDATES} more: ${late} bytes.\n`);
  expect(late).toBeLessThan(1.1 * early);
  await context.close();
});

/** Bytes that a page holds when what is of no use is gone: the least of several looks. */
async function heapOf(client: CDPSession, page: Page): Promise<number> {
  const looks: number[] = [];
  while (looks.length < LOOKS) {
    await page.waitForTimeout(500);
    await client.send('HeapProfiler.collectGarbage');
    looks.push((await client.send('Runtime.getHeapUsage')).usedSize);
  }
  return Math.min(...looks);
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
