/** Notifications after the commit: many in one statement, of a chat the newest version, and a lost one harms nobody. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg, { type Pool } from 'pg';
import { textContent } from '../../../../domain/messages.ts';
import { Announcements } from '../../../../subgraphs/runtime/chatd/announcements.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
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

/** Counts statements, and refuses the first so many. */
function counting(refused = 0) {
  const counted = { statements: 0 };
  const query = (sent: never) => {
    counted.statements += 1;
    return counted.statements > refused ? database.pool.query(sent) : Promise.reject(new Error('away'));
  };
  return { counted, pool: { query } as unknown as Pool };
}

const update = (chat_id: string, snapshot_version: number) => ['chat_update', { chat_id, snapshot_version }];

test('all that is told while a statement is under way goes into the next, with the newest version of each chat', async () => {
  const { counted, pool } = counting();
  const announcements = new Announcements(pool);
  const [a, b] = [randomUUID(), randomUUID()];
  const first = announcements.tell({ id: a, snapshotVersion: 1 });
  await Promise.resolve();
  for (const snapshotVersion of [2, 3, 4]) void announcements.tell({ id: a, snapshotVersion });
  const last = announcements.tell({ id: b, snapshotVersion: 9 }, true);
  await Promise.all([first, last]);
  await announcements.sent();
  expect(counted.statements).toBe(2);
  await until('the last one arrives', () => heard.length === 4);
  expect(heard).toEqual([update(a, 1), update(a, 4), update(b, 9), ['chat_ownership', b]]);
});

test('a statement that fails loses what it told, and nothing else', async () => {
  const announcements = new Announcements(counting(1).pool);
  const id = randomUUID();
  await announcements.tell({ id, snapshotVersion: 1 });
  await announcements.tell({ id, snapshotVersion: 2 });
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
