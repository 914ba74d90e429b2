/** A database that takes no writes for a while, as managed servers do when their disk is full, or after a switch-over. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { makeLogger } from '../../../../server/log.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { openWorkerPool } from '../../../../subgraphs/runtime/chatd/pool.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});

/** Makes new sessions able to write or not; sessions of replicas begin anew. */
async function setReadOnly(isOn: boolean): Promise<void> {
  const name = new URL(database.url).pathname.slice(1);
  const client = new pg.Client({ connectionString: database.url, options: '-c default_transaction_read_only=off' });
  await client.connect();
  await client.query(`ALTER DATABASE ${name} ${isOn ? 'SET default_transaction_read_only = on' : 'RESET ALL'}`);
  if (isOn) {
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'chatd%'`,
    );
  }
  await client.end();
}
beforeEach(() => setReadOnly(false));
afterEach(() => setReadOnly(false));

/** Writes by a session that can, whatever the database's default is. */
async function writing<T>(work: (able: ChatStore) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: database.url, options: '-c default_transaction_read_only=off' });
  try {
    return await work(new ChatStore(pool));
  } finally {
    await pool.end();
  }
}

const waitFor = chatWaits(() => database.pool);

type Seen = { heartbeats: { lastError: string | null }; acquisition: { lastError: string | null } };

async function loops(replica: { url: string; workerId: string }): Promise<Seen | undefined> {
  const selection = '... on ReplicaRuntime { heartbeats { lastError } acquisition { lastError } }';
  const { body } = await askReplica(replica, selection, [{ __typename: 'ReplicaRuntime', workerId: replica.workerId }]);
  return (body.data?._entities as Seen[] | undefined)?.[0];
}

test('a worker says so, waits with its step in hand, and goes on as soon as the database takes writes again', async () => {
  const replica = await startReplica();
  const { id } = await store.create({ ownerId, text: '/slow 2' });
  await waitFor(id, (chat) => chat.generationAttempt === 1);
  await setReadOnly(true);
  await until('both loops say READ_ONLY', async () => {
    const seen = await loops(replica);
    return seen?.heartbeats.lastError === 'READ_ONLY' && seen.acquisition.lastError === 'READ_ONLY';
  });
  const task = await until('the task says what it waits for', async () => {
    const { body } = await askReplica(replica, '... on ChatRuntime { runners { activeTask { label attempt } } }', [
      { __typename: 'ChatRuntime', chatId: id, workerId: replica.workerId },
    ]);
    const [chat] = (body.data?._entities ?? []) as { runners: { activeTask: { label: string | null } | null }[] }[];
    const active = chat?.runners[0]?.activeTask;
    return active?.label ? active : undefined;
  });
  expect(task).toEqual({ label: 'waits for the database: READ_ONLY', attempt: 1 });
  expect(await (await fetch(`${replica.url}/metrics`)).text()).toContain('chat_debug_read_only 1');
  await setReadOnly(false);
  const other = await writing((able) => able.create({ ownerId, text: 'hello' }));
  for (const chat of [id, other.id]) await waitFor(chat, ({ status }) => status === 'waiting');
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS answers FROM chat_messages WHERE chat_id = $1 AND role = 'assistant'`,
    [id],
  );
  expect(rows).toEqual([{ answers: 1 }]);
  await until('leases are renewed again', async () => (await loops(replica))?.heartbeats.lastError === null);
});

test('the first write that is refused ends every session of the pool, those in use when they are given back', async () => {
  const log = makeLogger('replica', 'silent');
  const pool = openWorkerPool({ workerId: randomUUID(), databaseUrl: database.url, max: 3, log });
  try {
    await setReadOnly(true);
    const [used, ...idle] = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
    for (const session of idle) session.release();
    const isOff = async () => (await pool.query(`SELECT current_setting('transaction_read_only') AS set`)).rows[0]?.set;
    expect(await isOff()).toBe('on');
    await setReadOnly(false);
    expect(await isOff()).toBe('on');
    await expect(pool.query('TRUNCATE chats CASCADE')).rejects.toMatchObject({ code: '25006' });
    used.release();
    await until('the pool has no connection', () => pool.totalCount === 0);
    expect(await isOff()).toBe('off');
  } finally {
    await pool.end();
  }
});
