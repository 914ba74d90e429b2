/** Questions of the whole schema over HTTP, counted by Postgres: none walks through a table of chats. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { insertHealthyChat, insertMessages, insertReplica, queueMessages } from './support/rows.ts';
import { asking, start } from './support/subgraph.ts';
import { untilTrue } from './support/waiting.ts';

const database = databasePerFile();
const TABLES = ['chats', 'chat_messages', 'chat_queued_messages', 'chat_heartbeats', 'replicas'];

const FILTERS = [
  ...['{}', '{ suspect: true }', '{ suspect: false }', '{ owned: true }', '{ owned: false }', '{ status: ["paused"] }'],
  ...['{ executionState: [W] }', '{ executionState: [E0, E1, XE1, INVALID, R1] }', '{ heartbeat: MISSING }'],
  ...[`{ parentChatId: "${randomUUID()}" }`, `{ rootChatId: "${randomUUID()}", executionState: [E0] }`],
  ...[`{ workerId: "${randomUUID()}" }`, `{ ownerId: "${randomUUID()}", suspect: true }`],
];

const NEW = `lastMessage { role } turn { steps } openCalls { id } oldestQueuedAgeSeconds lostChildren { chatId }
  children { edges { cursor } } trouble { rowLocked }`;
const QUERY = `query ($ids: [UUID!]!) {
  ${FILTERS.map((filter, i) => `l${i}: chats(filter: ${filter}) { edges { node { executionState } } }`).join('\n')}
  chatDebugSnapshots(chatIds: $ids) { executionState everywhere { workerId }
    database { queueDepth heartbeat { isStale } heartbeats { isStale } messageStats { total } ${NEW} } candidates { workerId } }
  all: replicas { id ownedChats } alive: replicas(alive: true) { id } dead: replicas(alive: false) { id } }`;

async function scans(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query<{ name: string; scans: number }>(
    'SELECT relname AS name, seq_scan::float8 AS scans FROM pg_stat_user_tables WHERE relname = ANY ($1)',
    [TABLES],
  );
  return Object.fromEntries(rows.map(({ name, scans }) => [name, scans]));
}

/** Work of a connection is counted at the latest when it ends. */
const allConnectionsEnded = () =>
  untilTrue(
    database.pool,
    'no connection of the subgraph is open',
    `SELECT count(*) = 0 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'chat-debug-database'`,
  );

test('no question walks through a table, small as the tables are', async () => {
  const { pool } = database;
  const worker_id = await insertReplica(pool);
  const ids: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    const { id } = await insertHealthyChat(pool, { worker_id });
    await queueMessages(pool, id, i % 2);
    await insertMessages(pool, id, 'user', 3);
    ids.push(id);
  }
  await pool.query('ANALYZE');
  await pool.query('SELECT pg_stat_force_next_flush()');
  const before = await scans();
  const server = await start({ databaseUrl: database.url });
  const { errors } = await asking(() => server.url)(QUERY, { ids });
  await server.stop();
  expect(errors).toEqual([]);
  await allConnectionsEnded();
  expect(await scans()).toEqual(before);
});

test('the living among three thousand replicas are found without a look at the others', async () => {
  const { pool } = database;
  await pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version, started_at, updated_at, stopped_at)
     SELECT gen_random_uuid(), 'h', 'http://127.0.0.1:1', '1', now() + i * interval '1 s', now(), now()
     FROM generate_series(1, 3000) AS i`,
  );
  const entriesRead = async () => {
    const { rows } = await pool.query<{ entries: number }>(
      `SELECT sum(idx_tup_read)::float8 AS entries FROM pg_stat_user_indexes WHERE relname = 'replicas'`,
    );
    return rows[0]?.entries ?? Number.NaN;
  };
  const living = await insertReplica(pool);
  await pool.query('SELECT pg_stat_force_next_flush()');
  const before = await entriesRead();
  const server = await start({ databaseUrl: database.url });
  const { data } = await asking(() => server.url)('{ replicas(alive: true) { id } }');
  await server.stop();
  await allConnectionsEnded();
  expect(data?.replicas).toContainEqual({ id: living });
  expect((await entriesRead()) - before).toBeLessThan(100);
});
