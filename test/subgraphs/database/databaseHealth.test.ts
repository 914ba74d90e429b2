/** Health of the database itself, as far as the service may see it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createDatabase, databasePerFile } from '../../support/database.ts';
import { whileHeld, whileHolding } from '../../support/locks.ts';
import { insertChat } from './support/rows.ts';
import { asking, start, subgraphPerFile, user } from './support/subgraph.ts';
import { noTransactionLeft, untilTrue, whileLocked } from './support/waiting.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);
const SOMEBODY_WAITS = `
  SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
const FIELDS = `canWrite isInRecovery replayLagSeconds connections maxConnections oldestTransactionSeconds lockWaits serverVersion
  platform isOurs missing`;

async function health(asks = ask): Promise<Record<string, unknown>> {
  const { data, errors } = await asks(`{ database { ${FIELDS} } }`);
  expect(errors).toEqual([]);
  return (data as { database: Record<string, unknown> }).database;
}

test('of a database of this project', async () => {
  const { rows } = await database.pool.query('SHOW server_version');
  await noTransactionLeft(database.pool);
  const found = await health();
  expect(found).toMatchObject({
    ...{
      canWrite: true,
      isInRecovery: false,
      replayLagSeconds: null,
      maxConnections: 300,
      lockWaits: 0,
      platform: 'own',
      isOurs: true,
    },
    ...{ missing: [], serverVersion: rows[0].server_version, oldestTransactionSeconds: null },
  });
  expect(found.connections).toBeGreaterThanOrEqual(2);
});

test('names the triggers that are off, and those alone', async () => {
  const triggers = async () => {
    const { data, errors } = await ask('{ database { disabledTriggers } }');
    expect(errors).toEqual([]);
    return (data as { database: { disabledTriggers: unknown } }).database.disabledTriggers;
  };
  expect(await triggers()).toEqual([]);
  await database.pool.query(`
    ALTER TABLE chats DISABLE TRIGGER ALL; ALTER TABLE chat_messages ENABLE REPLICA TRIGGER chat_messages_changed`);
  try {
    const ofChats = ['chat_event_changed', 'chat_rest_changed', 'chat_retry_state_changed'].map(
      (name) => `chats.${name}`,
    );
    expect(await triggers()).toEqual(['chat_messages.chat_messages_changed', ...ofChats]);
  } finally {
    await database.pool.query('ALTER TABLE chats ENABLE TRIGGER ALL; ALTER TABLE chat_messages ENABLE TRIGGER ALL');
  }
  expect(await triggers()).toEqual([]);
});

test('needs the role, like the replicas', async () => {
  const { data, errors } = await ask('{ database { canWrite } }', {}, user(randomUUID()));
  expect(data).toEqual({ database: null });
  expect(errors).toMatchObject([{ path: ['database'], extensions: { code: 'FORBIDDEN' } }]);
});

test('tells of an old transaction and of who waits for a lock', async () => {
  const id = await insertChat(database.pool);
  let waiting: Promise<unknown> | undefined;
  await whileHeld(database.pool, [id], async () => {
    waiting = database.pool.query('UPDATE chats SET title = title WHERE id = $1', [id]);
    await untilTrue(database.pool, 'somebody waits for a lock', SOMEBODY_WAITS);
    const found = await health();
    expect(found.lockWaits).toBe(1);
    expect(found.oldestTransactionSeconds).toBeGreaterThanOrEqual(0);
  });
  await waiting; // it ends once the row is given up
});

test('is told while every table is locked', async () => {
  const { pool } = database;
  await whileLocked(pool, 'chats, chat_messages, chat_queued_messages, chat_heartbeats, replicas', async () => {
    expect(await health()).toMatchObject({ canWrite: true, isOurs: true, missing: [] });
  });
});

test('of a table that is being altered is told as it is before', async () => {
  await whileHolding(database.pool, 'ALTER TABLE chats DROP COLUMN title', [], async () => {
    expect(await health()).toMatchObject({ missing: [] });
  });
});

test('tells a role that may only read what it may know, and nothing that it cannot', async () => {
  const reader = `reader_${randomBytes(6).toString('hex')}`;
  await database.pool.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader'`);
  const url = new URL(database.url);
  url.username = reader;
  url.password = 'reader';
  const server = await start({ databaseUrl: url.href });
  try {
    const found = await health(asking(() => server.url));
    expect(found).toMatchObject({
      canWrite: true,
      lockWaits: 0,
      oldestTransactionSeconds: null,
      isOurs: true,
      missing: [],
    });
    expect(found.connections).toBeGreaterThanOrEqual(2);
  } finally {
    await server.stop();
    await database.pool.query(`DROP ROLE ${reader}`);
  }
});

test('names the tables and columns that are not there, and knows that the rest is not of this project', async () => {
  const other = await createDatabase('template0');
  const server = await start({ databaseUrl: other.url });
  const asks = asking(() => server.url);
  try {
    const tables = ['chat_events', 'chat_heartbeats', 'chat_messages', 'chat_queued_messages', 'chats', 'replicas'];
    expect(await health(asks)).toMatchObject({ isOurs: false, missing: tables });
    await other.pool.query(`
      CREATE TABLE chat_heartbeats (chat_id uuid, runner_id uuid, heartbeat_at timestamptz);
      CREATE TABLE chat_queued_messages (chat_id uuid, "created_at " timestamptz, gone int);
      ALTER TABLE chat_queued_messages DROP COLUMN gone;
      CREATE VIEW replicas AS SELECT id, 'h' AS hostname, '' AS relay_address, '' AS version, 1 AS region_id,
        now() AS started_at, now() AS stopped_at, now() AS updated_at FROM (SELECT gen_random_uuid() AS id) AS one`);
    expect(await health(asks)).toMatchObject({
      missing: ['chat_events', 'chat_messages', 'chat_queued_messages.created_at', 'chats', 'replicas.error'],
    });
  } finally {
    await server.stop();
    await other.drop();
  }
});
