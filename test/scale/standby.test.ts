/**
 * A reader on a standby that follows its primary, while a worker works on the primary.
 * The standby begins as a copy of the stopped primary, as `pg_basebackup` would make one; the embedded server has no
 * such program.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { STANDBY_LAG_SECONDS } from '../../domain/diagnosis/limits.ts';
import { applyMigrations } from '../../prisma/migrations.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import { startDatabaseSubgraph } from '../../subgraphs/database/server.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import type { Replica } from '../../subgraphs/runtime/replica.ts';
import { askGateway, startTestGateway } from '../gateway/gateways.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { chatWaits } from '../support/chatWaits.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgresProxy.ts';
import { type PostgresServer, startPostgresServer } from '../support/postgresServer.ts';
import { INTERNAL_SECRET, startTestReplica } from '../support/replica.ts';
import { until } from '../support/until.ts';

const parent = mkdtempSync(join(tmpdir(), 'chat-debug-standby-'));
const ownerId = randomUUID();
let primary: PostgresServer;
let standby: PostgresServer;
/** Of the primary. */
let pool: pg.Pool;
/** A session of an administrator on the standby. */
let admin: pg.Client;
let tap: PostgresProxy;
let replica: Replica;
let subgraph: RunningServer;
let gateway: RunningServer;
let store: ChatStore;
let stalled: string;
let unowned: string;
const waitFor = chatWaits(() => pool);

const SETTINGS = { fsync: 'off' };

beforeAll(async () => {
  const [home, copy] = ['primary', 'standby'].map((name) => join(parent, name)) as [string, string];
  for (const folder of [home, copy]) mkdirSync(folder);
  primary = await startPostgresServer({ settings: SETTINGS }, home);
  const client = new pg.Client(primary.url);
  await client.connect();
  await applyMigrations(client);
  await client.end();
  await primary.stop();
  execFileSync('cp', ['-a', join(home, 'postgres'), copy]);
  writeFileSync(join(copy, 'postgres', 'standby.signal'), '');
  primary = await startPostgresServer({ settings: SETTINGS }, home);
  const { port, password } = new URL(primary.url);
  const primary_conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password}`;
  standby = await startPostgresServer({ settings: { ...SETTINGS, primary_conninfo } }, copy);
  admin = new pg.Client(standby.url);
  await admin.connect();
  tap = await startPostgresProxy(standby.url);

  pool = new pg.Pool({ connectionString: primary.url });
  pool.on('error', () => {}); // the primary ends its sessions when it is stopped
  store = new ChatStore(pool);
  replica = await startTestReplica(primary.url);
  subgraph = await startDatabaseSubgraph({
    ...{ databaseUrl: tap.url, internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0, clock: systemClock },
    ...{ databaseTimeoutMs: 20_000, log: makeLogger('database', 'silent') },
  });
  gateway = await startTestGateway(subgraph);
  ({ id: stalled } = await store.create({ ownerId, text: '/stall' }));
  await waitFor(stalled, ({ generationAttempt }) => generationAttempt === 1);
  unowned = await insertChat(pool, { status: 'error', owner_id: ownerId });
  await isFollowed();
});
afterAll(async () => {
  await gateway.stop();
  await subgraph.stop();
  await tap.close();
  await admin.end();
  await replica.stop();
  await pool.end();
  await standby.stop();
  await primary.stop();
  rmSync(parent, { recursive: true });
});

/** Waits until the standby has replayed what is committed on the primary by now. */
async function isFollowed(): Promise<void> {
  const { rows } = await pool.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  await until('the standby has caught up', async () => {
    const there = await admin.query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is', [rows[0]?.lsn]);
    return there.rows[0]?.is;
  });
}

async function ask(query: string): Promise<unknown> {
  const { body } = await askGateway(gateway, query);
  expect(body.errors ?? []).toEqual([]);
  return body.data;
}

const lag = async () => {
  const data = await ask('{ database { isInRecovery canWrite replayLagSeconds } }');
  const { database } = data as { database: { replayLagSeconds: number | null } };
  expect(database).toMatchObject({ isInRecovery: true, canWrite: false });
  return database.replayLagSeconds ?? Number.NaN;
};

const stateOf = async (id: string) => {
  const data = await ask(`{ chatDebugSnapshot(chatId: "${id}") { executionState } }`);
  return (data as { chatDebugSnapshot: { executionState: string } }).chatDebugSnapshot.executionState;
};

async function diagnosisOf(id: string) {
  const data = await ask(
    `{ chatDebugSnapshot(chatId: "${id}") { diagnosis { verdict summary findings { code severity } } } }`,
  );
  type Diagnosis = { verdict: string; summary: string; findings: { code: string; severity: string }[] };
  return (data as { chatDebugSnapshot: { diagnosis: Diagnosis } }).chatDebugSnapshot.diagnosis;
}

test('a snapshot has both halves, a verdict, and leases that are not known rather than missing', async () => {
  const data = await ask(`{ chatDebugSnapshot(chatId: "${stalled}") {
    executionState
    database { workerId messageStats { total } heartbeatsReadable heartbeatState heartbeat { runnerId } heartbeats { runnerId }
      trouble { isInRecovery canWrite rowLocked } }
    runtime { reachability { status } runners { activeTaskKind } }
    diagnosis { verdict findings { code } } } }`);
  expect(data).toEqual({
    chatDebugSnapshot: {
      executionState: 'R0',
      database: {
        ...{ workerId: replica.workerId, messageStats: { total: 1 } },
        ...{ heartbeatsReadable: false, heartbeatState: null, heartbeat: null, heartbeats: [] },
        trouble: { isInRecovery: true, canWrite: null, rowLocked: null },
      },
      runtime: { reachability: { status: 'OK' }, runners: [{ activeTaskKind: 'GENERATION' }] },
      diagnosis: { verdict: 'WORKING', findings: [] },
    },
  });
});

test('lists and suspects are answered, and no chat is suspect for leases that cannot be read', async () => {
  const list = (filter: string) => `chats(filter: { ownerId: "${ownerId}", ${filter} }) { edges { node { chatId } } }`;
  const data = await ask(`{ all: ${list('')} suspect: ${list('suspect: true')} missing: ${list('heartbeat: MISSING')}
    replicas { id isAlive ownedChats } }`);
  const edges = (...ids: string[]) => ({ edges: ids.map((chatId) => ({ node: { chatId } })) });
  expect(data).toEqual({
    ...{ all: edges(unowned, stalled), suspect: edges(), missing: edges() },
    replicas: [{ id: replica.workerId, isAlive: true, ownedChats: 1 }],
  });
});

test('its lag is visible while it replays nothing, and gone when it goes on', async () => {
  expect(await until('it has replayed what arrived', async () => (await lag()) === 0)).toBe(true);
  await admin.query('SELECT pg_wal_replay_pause()');
  await until('it replays nothing', async () => {
    const { rows } = await admin.query('SELECT pg_get_wal_replay_pause_state() AS state');
    return rows[0]?.state === 'paused';
  });
  await store.apply(stalled, { name: 'interrupt' });
  await waitFor(stalled, ({ status, workerId }) => status === 'waiting' && workerId === null);
  const first = await until('what is not replayed has arrived', lag);
  expect(await stateOf(stalled)).toBe('R0');
  expect(await lag()).toBeGreaterThan(first);
  await until('its rows are too old to be held against memory', async () => (await lag()) > STANDBY_LAG_SECONDS);
  const old = await until('the row of the ended turn looks as if nobody worked on it', async () => {
    const diagnosis = await diagnosisOf(stalled);
    return diagnosis.findings.some(({ severity }) => severity === 'CRITICAL') && diagnosis;
  });
  expect(old.verdict).toBe('UNKNOWN');
  expect(old.summary).toMatch(/its row was read on a standby, which may be .+ behind: ask where the primary is read/);
  await admin.query('SELECT pg_wal_replay_resume()');
  await isFollowed();
  expect(await stateOf(stalled)).toBe('W');
});

test('it answers without its primary, and says how old its answers may be', async () => {
  await replica.stop();
  await primary.stop();
  const first = await until('it has lost its primary', lag);
  expect(await stateOf(stalled)).toBe('W');
  expect(await lag()).toBeGreaterThan(first);
});

test('nothing was written, nor tried to be', () => {
  expect(tap.refused).toEqual([]);
  expect(tap.statements.filter((statement) => /\b(INSERT|UPDATE|DELETE|LOCK|NOTIFY)\b/.test(statement))).toEqual([]);
});
