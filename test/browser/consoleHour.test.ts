/** The console after an hour of updates: what it holds then. */
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser, CDPSession } from 'playwright-core';
import type { RunningServer } from '../../server/app.ts';
import { launch, notedContext } from './browser.ts';
import { startGatewayOverOneChat, token } from './gateway.ts';

jest.setTimeout(240_000);

/** Milliseconds for some updates to be shown, on a machine that does much else. */
const LONG_MS = 60_000;
/** Updates of an hour, one a second. */
const HOUR = 3_600;
/**
 * Updates after which the heap counts. Until then V8 compiles what runs often: 0.7 MB of code, none of it held by the
 * page. A heap snapshot tells it apart as `code`.
 */
const WARM = 1_000;
/** Updates that are sent before the page is asked whether it shows them. */
const AT_ONCE = 50;
const LOOKS = 5;

let gateway: RunningServer;
let browser: Browser;
let fleet: Awaited<ReturnType<typeof startFleet>>;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGatewayOverOneChat(), launch()]);
  fleet = await startFleet(gateway.url);
});
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
  await gateway?.stop();
});

test('an hour of updates leaves nothing behind', async () => {
  const { context, open } = await notedContext(browser, { token: await token() });
  const page = await open(fleet.url);
  await page.locator('.link[data-link=live]').waitFor();
  const client = await context.newCDPSession(page);
  const after = async (updates: number) => {
    while (fleet.told() < updates) {
      await fleet.tell(AT_ONCE);
      await page.getByText(`Stuck for ${fleet.told()} s`).first().waitFor({ timeout: LONG_MS });
    }
    return heapOf(client);
  };
  const early = await after(WARM);
  const late = await after(WARM + HOUR);
  process.stderr.write(`Heap after ${WARM} updates: ${early} bytes; after ${HOUR} more: ${late} bytes.\n`);
  expect(late).toBeLessThan(1.1 * early);
});

/** Bytes that a page holds when what is of no use is gone: the least of several looks. */
async function heapOf(client: CDPSession): Promise<number> {
  const looks: number[] = [];
  while (looks.length < LOOKS) {
    await client.send('HeapProfiler.collectGarbage');
    looks.push((await client.send('Runtime.getHeapUsage')).usedSize);
  }
  return Math.min(...looks);
}

/**
 * The gateway, with one stream that tells of the fleet as often as it is asked to. A real stream: what a browser's tools
 * put in its place would stand in the heap, and arrive as one piece.
 */
async function startFleet(target: string) {
  let told = 0;
  let stream: ServerResponse | undefined;
  const tell = async (updates: number) => {
    for (let i = 0; i < updates; i += 1) {
      told += 1;
      const isTaken = stream?.write(`event: next\ndata: ${JSON.stringify({ data: fleetAt(told) })}\n\n`);
      if (isTaken === false) await new Promise((resolve) => stream?.once('drain', resolve));
    }
  };
  const server = createServer((asked, answer) => {
    if (asked.headers.accept?.includes('event-stream')) {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      stream = answer;
      return void tell(1);
    }
    const passed = request(
      new URL(target),
      { path: asked.url, method: asked.method, headers: asked.headers },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tell,
    told: () => told,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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
