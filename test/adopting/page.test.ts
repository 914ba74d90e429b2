/** The page on a platform of one's own, followed word by word: a small chat server comes into the fleet, and a stall in it is found. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { createDatabase } from '../support/database.ts';
import { blocksOf, Following, type Ran } from '../support/followedPage.ts';
import { dropReader } from '../upstream/tables.ts';

const home = mkdtempSync(join(tmpdir(), 'chat-debug-reader-'));
afterAll(() => rmSync(home, { recursive: true }));

test('every block works, and the stalled conversation is STUCK for want of progress', async () => {
  const database = await createDatabase('template0');
  const { port, hostname, pathname } = new URL(database.url);
  const role = `reader_${pathname.slice(-12)}`;
  const values = {
    ...{ role, password: 'pa$HOME-$$', host: hostname, port, database: pathname.slice(1), ownerurl: database.url },
    chatport: String(await freePort(systemClock)),
  };
  const following = new Following({ values, port: await freePort(systemClock), home, pool: database.pool });
  const ran: (Ran & { block: string })[] = [];
  try {
    for (const block of blocksOf('docs/adopting.md')) ran.push({ block: block.code, ...(await following.run(block)) });
  } finally {
    await following.end();
    await dropReader(database.pool, role);
    await database.drop();
  }
  const printedBy = (words: string) => ran.find(({ block }) => block.includes(words))?.stdout ?? '';
  expect(printedBy('npm run --silent check')).toMatch(
    /^answers +Everything can be answered\.\nplatform +.*\(views\)$/m,
  );
  expect(printedBy('conformance.js')).toContain('The worker speaks chat-debug-runtime/1.');
  const told = JSON.parse(printedBy('chats(first: 5)')) as {
    data: { chats: { edges: { node: { diagnosis: { verdict: string; findings: { code: string }[] } } }[] } };
  };
  expect(told.data.chats.edges.map(({ node }) => node)).toEqual([
    {
      chatId: expect.any(String),
      runtime: { reachability: { status: 'OK', reason: null } },
      diagnosis: { verdict: 'STUCK', summary: expect.any(String), findings: [{ code: 'NO_PROGRESS' }] },
    },
  ]);
  expect(ran.filter(({ code }) => code !== 0)).toEqual([]);
}, 240_000);
