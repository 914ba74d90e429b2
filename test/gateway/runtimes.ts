/** Real database subgraphs and runtime subgraphs over a test's database; what the runtimes hold in memory is made up. */
import { randomUUID } from 'node:crypto';
import { afterEach } from '@jest/globals';
import type { Pool } from 'pg';
import { systemClock } from '../../common/clock.ts';
import { makeLogger } from '../../common/log.ts';
import { type DatabaseSubgraphOptions, startDatabaseSubgraph } from '../../subgraphs/database/server.ts';
import type { Inspector, RunnerInspection } from '../../subgraphs/runtime/inspector.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import type { RunningServer } from '../../subgraphs/serve.ts';
import { INTERNAL_SECRET } from './gateways.ts';
import { serversPerTest, type TestServer } from './httpServers.ts';

const log = makeLogger('test', 'silent');
/** What every server of a test is started with. */
export const shared = { internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0, clock: systemClock, log };

/** A worker that holds one runner for every chat it is asked about, with the chat's id as its own, since the year 2020. */
function inspectorOf(workerId: string): Inspector {
  const startedAt = new Date('2020-01-01T00:00:00Z');
  const runner = (chatId: string): RunnerInspection => ({
    ...{ runnerId: chatId, workerId, chatId, phase: 'RUNNING', startedAt, uptimeSeconds: 1, status: 'running' },
    ...{ snapshotVersion: 1, historyVersion: 1, generationAttempt: 1, lastUpdateAt: startedAt },
    ...{ activeTaskKind: null, activeTask: null, tasks: [], idleSeconds: 1 },
    lease: { renewedAt: null, ageSeconds: null, intervalSeconds: 9, staleAfterSeconds: 30, consecutiveFailures: 0 },
  });
  const loop = { lastRunAt: null, lastError: null, consecutiveFailures: 0, intervalSeconds: 5 };
  const loops = { acquisition: loop, heartbeats: loop, databaseSync: loop };
  const counts = { runnerCount: 42, capacity: 100, isFull: false, bufferCount: 0, bufferBytes: 0 };
  return {
    workerId,
    inspectChat: (chatId) => ({ observedAt: startedAt, runners: [runner(chatId)], messageBuffers: [] }),
    inspectReplica: () => ({ startedAt, ...counts, ...loops }),
    inspectRunners: (count) => Array.from({ length: Math.min(count, 3) }, () => runner(workerId)),
    follow: async function* () {},
  };
}

export interface RuntimeReplica {
  readonly id: string;
  /** Behind the door. */
  readonly url: string;
  /** In front of it; notes what it is sent. */
  readonly door: TestServer;
}

/** Call at the top of a test file. What is started is stopped after each test. */
export function runtimesPerTest(database: { readonly url: string; readonly pool: Pool }) {
  const servers = serversPerTest();
  const started: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
    await database.pool.query('TRUNCATE chats, replicas CASCADE');
  });
  const keep = <S extends RunningServer>(server: S): S => {
    started.push(server);
    return server;
  };
  /** A row, whose process is somebody else's business. */
  const insertReplica = async (
    relayAddress: string,
    { id = randomUUID() as string, stopped = false } = {},
  ): Promise<string> => {
    await database.pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version, stopped_at)
       VALUES ($1, 'host', $2, '0.1.0', CASE WHEN $3 THEN now() END)`,
      [id, relayAddress, stopped],
    );
    return id;
  };
  return {
    servers,
    keep,
    insertReplica,
    startDatabase: async (changes: Partial<DatabaseSubgraphOptions> = {}): Promise<RunningServer> => {
      const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
      return keep(await startDatabaseSubgraph({ ...shared, ...limits, databaseUrl: database.url, ...changes }));
    },
    addReplica: async (): Promise<RuntimeReplica> => {
      const id = randomUUID();
      const server = keep(await startRuntimeSubgraph({ ...shared, inspector: inspectorOf(id) }));
      const door = await servers.serve(async (response, { headers, body, url }) => {
        const { authorization = '' } = headers;
        const init = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } };
        const answer = await fetch(`${server.url}${url}`, { ...init, body: JSON.stringify(body) });
        const type = answer.headers.get('content-type') ?? '';
        response.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
      });
      await insertReplica(door.url, { id });
      return { id, url: server.url, door };
    },
    /** Waiting, so that it is nobody's move, and owned or not all the same. */
    insertChat: async (workerId: string | null, ownerId: string = randomUUID()): Promise<string> => {
      const { rows } = await database.pool.query<{ id: string }>(
        'INSERT INTO chats (owner_id, worker_id, runner_id) VALUES ($1, $2, $3) RETURNING id',
        [ownerId, workerId, workerId && randomUUID()],
      );
      return rows[0]?.id ?? '';
    },
  };
}
