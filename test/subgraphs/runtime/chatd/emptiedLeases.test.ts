/** Leases that are gone though their owners live: a crash of Postgres empties the table, and its clock can jump. */
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);
const create = async () => (await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: '/stall' })).id;
const leases = async () => (await database.pool.query('SELECT FROM chat_heartbeats')).rowCount;
const LISTENERS = `FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'chatd notifications' AND state = 'idle'`;
const breakListeners = () => database.pool.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`);
const listeners = async () => (await database.pool.query<{ pid: number }>(`SELECT pid ${LISTENERS}`)).rows;
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});

test('a crash of Postgres costs no turn: owners that live restore their leases before others look', async () => {
  const seldom = { heartbeatIntervalSeconds: 600, staleAfterSeconds: 1_800, acquisitionIntervalSeconds: 600 };
  await startReplica(seldom);
  const id = await create();
  const { runnerId } = await waitFor(id, (chat) => chat.generationAttempt === 1);
  await startReplica(seldom);
  await systemClock.sleep(500); // the second one listens
  await database.pool.query('TRUNCATE chat_heartbeats');
  await breakListeners();
  await until('the lease is there again', async () => (await leases()) === 1);
  await systemClock.sleep(1_000);
  expect((await waitFor(id, () => true)).runnerId).toBe(runnerId);
});

test('a chat that is locked when its owner comes back has its lease as soon as it is free', async () => {
  await startReplica({ heartbeatIntervalSeconds: 600, staleAfterSeconds: 1_800, acquisitionIntervalSeconds: 600 });
  const id = await create();
  await waitFor(id, (chat) => chat.generationAttempt === 1);
  const [before] = await until('the replica listens', async () =>
    (await listeners()).length === 1 ? listeners() : null,
  );
  const other = await database.pool.connect();
  try {
    await other.query('BEGIN; TRUNCATE chat_heartbeats; COMMIT; BEGIN');
    await other.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [id]);
    await breakListeners();
    await until('the replica listens again', async () => (await listeners()).some(({ pid }) => pid !== before?.pid));
    await systemClock.sleep(500); // it has tried
    expect(await leases()).toBe(0);
  } finally {
    await other.query('COMMIT');
    other.release();
  }
  await until('the lease is there again', async () => (await leases()) === 1);
});

test('a worker never takes a chat from itself, however old its lease looks', async () => {
  await startReplica({ heartbeatIntervalSeconds: 600, staleAfterSeconds: 1_800 });
  const id = await create();
  const { runnerId } = await waitFor(id, (chat) => chat.generationAttempt === 1);
  await database.pool.query(`UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 hour'`);
  await systemClock.sleep(1_500); // several looks
  expect((await waitFor(id, () => true)).runnerId).toBe(runnerId);
  const other = await create();
  await waitFor(other, (chat) => chat.generationAttempt === 1);
});
