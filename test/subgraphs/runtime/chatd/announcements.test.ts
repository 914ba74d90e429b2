/** Notifications after the commit: many in one statement, of a chat the newest version, and a lost one harms nobody. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg, { type Pool } from 'pg';
import { textContent } from '../../../../domain/messages.ts';
import { Announcements } from '../../../../subgraphs/runtime/chatd/announcements.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
import { manualClock } from '../../../support/manualClock.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
let listener: pg.Client;
let heard: [channel: string, payload: unknown][];
beforeEach(async () => {
  heard = [];
  listener = new pg.Client({ connectionString: database.url });
  listener.on('notification', ({ channel, payload = '' }) => {
    heard.push([channel, channel === 'chat_update' ? JSON.parse(payload) : payload]);
  });
  await listener.connect();
  await listener.query('LISTEN chat_update; LISTEN chat_ownership');
});
afterEach(() => listener.end());

/** Counts statements, holds them back until the gate opens, and refuses the first so many. */
function counting(refused = 0, gate: Promise<unknown> = Promise.resolve()) {
  const counted = { statements: 0 };
  const query = async (sent: never) => {
    counted.statements += 1;
    await gate;
    return counted.statements > refused ? database.pool.query(sent) : Promise.reject(new Error('away'));
  };
  return { counted, pool: { query } as unknown as Pool };
}

const update = (chat_id: string, snapshot_version: number) => ['chat_update', { chat_id, snapshot_version }];

const at = (id: string, snapshotVersion: number) => ({ id, snapshotVersion });

test('what is told while a statement is under way, or within a moment, goes together, the newest version of each chat', async () => {
  let open = () => {};
  const { counted, pool } = counting(
    0,
    new Promise<void>((resolve) => {
      open = resolve;
    }),
  );
  const clock = manualClock();
  const announcements = new Announcements(pool, clock);
  const [a, b] = [randomUUID(), randomUUID()];
  announcements.tell(at(a, 1));
  announcements.tellFree(a); // goes at once
  await until('a statement is under way', () => counted.statements === 1);
  for (const version of [2, 3, 4]) announcements.tell(at(a, version));
  announcements.tell(at(b, 9));
  open();
  await until('the first ones arrive', () => heard.length === 2);
  expect(counted.statements).toBe(1);
  await until('the last ones arrive, a moment later', () => {
    clock.advance(50);
    return heard.length === 4;
  });
  expect(counted.statements).toBe(2);
  expect(heard).toEqual([update(a, 1), ['chat_ownership', a], update(a, 4), update(b, 9)]);
});

test('what is gathered when somebody waits for it goes at once', async () => {
  const announcements = new Announcements(database.pool, manualClock());
  const id = randomUUID();
  announcements.tell(at(id, 1));
  await announcements.sent();
  await until('it arrives', () => heard.length === 1);
});

test('a statement that fails loses what it told, and nothing else', async () => {
  const announcements = new Announcements(counting(1).pool, manualClock());
  const id = randomUUID();
  announcements.tell(at(id, 1));
  await announcements.sent();
  announcements.tell(at(id, 2));
  await announcements.sent();
  await until('the second one arrives', () => heard.length === 1);
  expect(heard).toEqual([update(id, 2)]);
});

test('a change is told after its commit, and not at all if it is refused', async () => {
  const store = new ChatStore(database.pool);
  const ownerId = randomUUID();
  const { id } = await store.create({ ownerId, text: 'hello' });
  await store.apply(id, { name: 'send', message: { content: textContent('and?'), createdBy: ownerId } });
  await expect(store.apply(id, { name: 'archive' })).rejects.toThrow();
  await store.apply(id, { name: 'interrupt' });
  await until('the last one arrives', () => heard.length === 6);
  expect(heard).toEqual([
    ...[update(id, 1), ['chat_ownership', id]],
    ...[update(id, 2), ['chat_ownership', id]],
    ...[update(id, 3), ['chat_ownership', id]],
  ]);
});
