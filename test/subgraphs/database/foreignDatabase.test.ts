/** The database of another system: the same five tables with other columns, and a user who may only read them. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunningServer } from '../../../server/app.ts';
import { createDatabase } from '../../support/database.ts';
import { asking, start } from './support/subgraph.ts';

const TABLES = `
  CREATE TYPE chat_status AS ENUM ('waiting', 'running', 'interrupting', 'requires_action', 'error', 'archiving');
  CREATE TYPE chat_message_role AS ENUM ('user', 'assistant', 'reviewer');
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE TABLE chats (
    mood mood DEFAULT 'bad', position point DEFAULT '(1,2)', id uuid PRIMARY KEY, owner_id uuid NOT NULL,
    title text NOT NULL, status chat_status NOT NULL, archived bool NOT NULL DEFAULT false, labels text[] DEFAULT '{a}',
    worker_id uuid, runner_id uuid, parent_chat_id uuid, root_chat_id uuid, snapshot_version int8 NOT NULL DEFAULT 1,
    history_version int8 NOT NULL DEFAULT 1, queue_version int8 NOT NULL DEFAULT 0,
    generation_attempt int8 NOT NULL DEFAULT 0, retry_state jsonb, retry_state_version int8 NOT NULL DEFAULT 0,
    last_error jsonb, requires_action_deadline_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE chat_messages (
    id int8 PRIMARY KEY, chat_id uuid REFERENCES chats, role chat_message_role, content jsonb, deleted bool NOT NULL,
    revision int8 NOT NULL DEFAULT 1, created_at timestamptz DEFAULT now(), cost_micros int8 DEFAULT 5);
  CREATE TABLE chat_queued_messages (
    id int8 PRIMARY KEY, chat_id uuid REFERENCES chats, content jsonb, position int8, created_by uuid,
    created_at timestamptz DEFAULT now(), model_config_id uuid);
  CREATE UNLOGGED TABLE chat_heartbeats (
    chat_id uuid REFERENCES chats, runner_id uuid, heartbeat_at timestamptz NOT NULL, mood mood, PRIMARY KEY (chat_id, runner_id));
  CREATE TABLE replicas (
    id uuid, created_at timestamptz DEFAULT now(), started_at timestamptz NOT NULL, stopped_at timestamptz,
    updated_at timestamptz NOT NULL, hostname text NOT NULL, region_id int4 NOT NULL, relay_address text NOT NULL,
    database_latency int4, version text NOT NULL, error text NOT NULL, "primary" bool, mood mood DEFAULT 'good');`;

const chatId = randomUUID();
const [ownerId, workerId, runnerId] = [randomUUID(), randomUUID(), randomUUID()];
const reader = `reader_${randomBytes(6).toString('hex')}`;
let database: Awaited<ReturnType<typeof createDatabase>>;
let server: RunningServer;
const ask = asking(() => server.url);

beforeAll(async () => {
  database = await createDatabase('template0');
  const { pool } = database;
  await pool.query(TABLES);
  await pool.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader'`);
  await pool.query(
    `GRANT SELECT ON chats, chat_messages, chat_queued_messages, chat_heartbeats, replicas TO ${reader}`,
  );
  await pool.query(`ALTER ROLE ${reader} SET TimeZone = 'Asia/Kolkata'`);
  await pool.query(
    `INSERT INTO chats (id, owner_id, title, status, worker_id, runner_id, updated_at)
     VALUES ($1, $2, 'foreign', 'running', $3, $4, '2026-05-01T12:00:00.123456Z')`,
    [chatId, ownerId, workerId, runnerId],
  );
  await pool.query(
    `INSERT INTO chat_messages (id, chat_id, role, deleted) VALUES (1, $1, 'reviewer', false), (2, $1, 'user', true)`,
    [chatId],
  );
  await pool.query('INSERT INTO chat_heartbeats VALUES ($1, $2, now())', [chatId, runnerId]);
  await pool.query(
    `INSERT INTO replicas (id, started_at, updated_at, hostname, region_id, relay_address, version, error)
     VALUES ($1, '2026-05-01T12:00:00Z', now(), 'elsewhere', 0, 'http://relay', 'v2', '')`,
    [workerId],
  );
  const url = new URL(database.url);
  url.username = reader;
  url.password = 'reader';
  server = await start({ databaseUrl: url.href });
});
afterAll(async () => {
  await server.stop();
  await database.pool.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
  await database.drop();
});

const SNAPSHOT = `chatId executionState runtime { workerId } everywhere { workerId } database {
  status title ownerId createdAt updatedAt snapshotVersion lastError queueDepth
  heartbeat { runnerId isStale } messageStats { total deleted byRole { role count } }
  lastMessage { role hasText finishReason } turn { steps } openCalls { id } oldestQueuedAgeSeconds unreadable
  lostChildren { chatId } children { edges { cursor } } trouble { canWrite rowLocked ownerRow } }`;

const expected = {
  chatId,
  executionState: 'R0',
  runtime: { workerId },
  everywhere: [{ workerId }],
  database: {
    status: 'running',
    title: 'foreign',
    updatedAt: '2026-05-01T12:00:00.123Z', // whatever the time zone of the session
    queueDepth: 0,
    heartbeat: { runnerId, isStale: false },
    messageStats: { total: 2, deleted: 1, byRole: [{ role: 'reviewer', count: 1 }] },
    ...{
      lastMessage: { role: 'reviewer', hasText: null, finishReason: null },
      turn: null,
      openCalls: [],
      unreadable: [],
    },
    ...{ oldestQueuedAgeSeconds: null, lostChildren: [], children: { edges: [] } },
    trouble: { canWrite: true, rowLocked: false, ownerRow: 'ALIVE' },
  },
};

test('its chats are read', async () => {
  const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${chatId}") { ${SNAPSHOT} } }`);
  expect(errors).toEqual([]);
  expect(data?.chatDebugSnapshot).toMatchObject(expected);
});

test('its chats are listed, by every condition', async () => {
  const filter = `status: ["running"], executionState: [R0], workerId: "${workerId}", ownerId: "${ownerId}", owned: true, heartbeat: FRESH, suspect: true`;
  const first = await ask(
    `{ chats(filter: { ${filter} }) { edges { cursor node { ${SNAPSHOT} } } pageInfo { endCursor } } }`,
  );
  expect(first.errors).toEqual([]);
  expect(first.data?.chats).toMatchObject({ edges: [{ node: expected }] });
  const { pageInfo } = (first.data as { chats: { pageInfo: { endCursor: string } } }).chats;
  const next = await ask(`{ chats(filter: { ${filter} }, after: "${pageInfo.endCursor}") { edges { cursor } } }`);
  expect([next.errors, next.data]).toEqual([[], { chats: { edges: [] } }]);
});

test('its replicas are read', async () => {
  const fields = 'id hostname relayAddress version regionId startedAt isAlive error ownedChats';
  const { data, errors } = await ask(`{ replicas(alive: true) { ${fields} } replica(id: "${workerId}") { id } }`);
  expect(errors).toEqual([]);
  const startedAt = '2026-05-01T12:00:00.000Z';
  const replica = {
    id: workerId,
    hostname: 'elsewhere',
    regionId: 0,
    startedAt,
    isAlive: true,
    error: null,
    ownedChats: 1,
  };
  expect(data).toMatchObject({ replicas: [replica], replica: { id: workerId } });
});

test('nothing was written into it, and nothing could be', async () => {
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS n FROM information_schema.role_table_grants WHERE grantee = $1 AND privilege_type <> 'SELECT'`,
    [reader],
  );
  expect(rows).toEqual([{ n: 0 }]);
  const tables = await database.pool.query(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`);
  expect(tables.rows).toEqual([{ n: 5 }]);
});

test('what it does not have is named, and nothing of how it was asked for', async () => {
  await database.pool.query('ALTER TABLE chat_queued_messages RENAME TO renamed');
  try {
    const { data, errors, text } = await ask(`{ chatDebugSnapshot(chatId: "${chatId}") { chatId executionState } }`);
    expect(data).toEqual({ chatDebugSnapshot: null });
    expect(errors).toMatchObject([
      { path: ['chatDebugSnapshot', 'executionState'], extensions: { code: 'SCHEMA_UNSUPPORTED' } },
    ]);
    expect(errors[0]?.message).toContain('`chat_queued_messages`');
    expect(text).not.toMatch(/SELECT|prisma:|stack|at .*\.ts/i);
  } finally {
    await database.pool.query('ALTER TABLE renamed RENAME TO chat_queued_messages');
  }
});
