/**
 * A system for foreign gateways: three real replicas with chats, a dead one, and a database subgraph and router that
 * take callers' tokens.
 * Our own gateway runs beside it over the same rows.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach } from '@jest/globals';
import type pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import { startDatabaseSubgraph } from '../../subgraphs/database/server.ts';
import { startDiagnosisSubgraph } from '../../subgraphs/diagnosis/server.ts';
import { startRouter } from '../../subgraphs/router/server.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { AUTH_SECRET, askGateway, INTERNAL_SECRET, LOOPBACK, startTestGateway } from '../gateway/gateways.ts';
import { deadUrl } from '../gateway/httpServers.ts';
import { startTestReplica } from '../support/replica.ts';
import { until } from '../support/until.ts';

const DIAGNOSIS = {
  ...{ staleAfterSeconds: 60, heartbeatIntervalSeconds: 5 },
  ...{ acquisitionIntervalSeconds: 5, noProgressSeconds: 600 },
};

export interface CallerSystem {
  readonly ours: RunningServer;
  /** Supergraph with the addresses of this system. */
  readonly supergraphSdl: string;
  /** Owns some of the chats. */
  readonly ownerId: string;
  /** Chats by their kind. */
  readonly chats: Readonly<Record<'streaming' | 'others' | 'unowned' | 'dead' | 'missing', string>>;
}

/** Call at the top of a test file. Starts one for a test, with empty tables; it is stopped after the test, however that ends. */
export function callerSystemPerTest(database: { url: string; pool: pg.Pool }): () => Promise<CallerSystem> {
  const started: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
  });
  return () => startCallerSystem(database, started);
}

async function startCallerSystem(
  database: { url: string; pool: pg.Pool },
  started: { stop(): Promise<void> }[],
): Promise<CallerSystem> {
  await database.pool.query('TRUNCATE chats, replicas CASCADE');
  const keep = <S extends { stop(): Promise<void> }>(server: S): S => {
    started.unshift(server);
    return server;
  };
  const common = { host: '127.0.0.1', port: 0, clock: systemClock, log: makeLogger('test', 'silent') };
  const callerTokens = { authSecret: AUTH_SECRET };
  const limits = { staleAfterSeconds: 60, noProgressSeconds: 600, databaseTimeoutMs: 20_000 };
  const subgraph = keep(
    await startDatabaseSubgraph({
      streams: { perCaller: 100, max: 100, perMinute: 0 },
      ...{
        ...common,
        ...limits,
        databaseUrl: database.url,
        listenUrl: database.url,
        internalSecret: INTERNAL_SECRET,
        callerTokens,
      },
    }),
  );
  const router = keep(
    await startRouter({
      ...{ ...common, trust: { callerTokens }, internalSecret: INTERNAL_SECRET, databaseTimeoutMs: 20_000 },
      databaseSubgraphUrl: `${subgraph.url}/graphql`,
      replicas: { timeoutMs: 20_000, addressAllow: LOOPBACK },
    }),
  );
  const diagnosis = keep(await startDiagnosisSubgraph({ ...common, callerTokens, settings: DIAGNOSIS }));
  for (let i = 0; i < 3; i += 1) {
    keep(await startTestReplica(database.url, { heartbeatIntervalSeconds: 5, staleAfterSeconds: 60, maxRunners: 1 }));
  }
  const ours = keep(await startTestGateway(subgraph, { diagnosis: DIAGNOSIS }));
  const ownerId = randomUUID();
  return {
    ours,
    supergraphSdl: withAddresses({ 4001: subgraph.url, 4002: router.url, 4003: diagnosis.url }),
    ownerId,
    chats: await insertChats(database.pool, ownerId, ours),
  };
}

/** The supergraph names the ports of a machine on which everything runs. */
function withAddresses(urls: Readonly<Record<number, string>>): string {
  const sdl = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
  return Object.entries(urls).reduce((text, [port, url]) => text.replaceAll(`http://127.0.0.1:${port}`, url), sdl);
}

interface Streamed {
  readonly chatDebugSnapshots: readonly {
    readonly runtime: { readonly messageBuffers: readonly { readonly partsBuffered: number }[] | null } | null;
  }[];
}

/** Resolves when the first parts of those that stream have come: from then on only what the questions leave out changes. */
async function insertChats(pool: pg.Pool, ownerId: string, ours: RunningServer): Promise<CallerSystem['chats']> {
  const store = new ChatStore(pool);
  const { id: streaming } = await store.create({ ownerId, text: '/stall' });
  const { id: others } = await store.create({ ownerId: randomUUID(), text: '/stall' });
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { runtime { messageBuffers { partsBuffered } } } }`;
  await until('all chats have parts in their buffers', async () => {
    const { body } = await askGateway<Streamed>(ours, query, { variables: { ids: [streaming, others] } });
    const halves = body.data?.chatDebugSnapshots.map(({ runtime }) => runtime);
    return halves?.every((half) => half?.messageBuffers?.some(({ partsBuffered }) => partsBuffered > 0));
  });
  const deadId = randomUUID();
  await pool.query(`INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'gone', $2, '0.1.0')`, [
    ...[deadId, await deadUrl()],
  ]);
  const insert = async (workerId: string | null) => {
    const sql = 'INSERT INTO chats (owner_id, worker_id, runner_id) VALUES ($1, $2, $2) RETURNING id';
    return String((await pool.query(sql, [ownerId, workerId])).rows[0]?.id);
  };
  return { streaming, others, unowned: await insert(null), dead: await insert(deadId), missing: randomUUID() };
}
