/** Chats behind views that look like trouble to the list: the same as the diagnosis says of their rows. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { databasePerFile } from '../../support/database.ts';
import { type ChatColumns, insertChat, insertReplica } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
/** Long times, so that a slow machine changes nothing. */
const ask = subgraphPerFile(database, {
  ...{ platform: 'views', acquisitionIntervalSeconds: 600, noProgressSeconds: 86_400 },
});
const OLD = `now() - interval '1 hour'`;

async function isSuspect(columns: Partial<ChatColumns>): Promise<boolean> {
  const owner = randomUUID();
  await insertChat(database.pool, { status: 'running', updated_at: OLD, ...columns, owner_id: owner });
  const query = `query ($owner: UUID!) {
    chats(filter: { ownerId: $owner, suspect: true }) { edges { node { chatId } } } }`;
  const { data, errors } = await ask(query, { owner });
  expect(errors).toEqual([]);
  return (data as { chats: { edges: unknown[] } }).chats.edges.length === 1;
}
const retryIn = (seconds: number) => ({
  attempt: 1,
  retrying_at: new Date(systemClock.now().getTime() + 1_000 * seconds).toISOString(),
});

test('a chat whose time has just come is not, and one that nobody took by then is', async () => {
  expect(await isSuspect({ retry_state: retryIn(60) })).toBe(false);
  expect(await isSuspect({ retry_state: retryIn(0) })).toBe(false);
  expect(await isSuspect({ retry_state: retryIn(-3_600) })).toBe(true);
  expect(await isSuspect({})).toBe(true);
});

test('a long pause of an owner is not, and neither is an owner without a runner', async () => {
  const worker_id = await insertReplica(database.pool);
  expect(await isSuspect({ worker_id })).toBe(false);
  expect(await isSuspect({ worker_id, retry_state: retryIn(86_400) })).toBe(false);
});

test('a chat that waits for somebody outside is not, though no call is open', async () => {
  const worker_id = await insertReplica(database.pool);
  expect(await isSuspect({ worker_id, status: 'requires_action' })).toBe(false);
});
