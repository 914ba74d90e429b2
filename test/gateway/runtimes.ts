/** Real database subgraphs and runtime subgraphs over a test's database; what the runtimes hold in memory is made up. */
import { randomUUID } from 'node:crypto';
import { afterEach } from '@jest/globals';
import type { Pool } from 'pg';
import { systemClock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import type { DatabaseSubgraphOptions } from '../../subgraphs/database/server.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { inspectorOf } from '../support/inspector.ts';
import { startDatabase } from './databaseWays.ts';
import { INTERNAL_SECRET } from './gateways.ts';
import { serversPerTest, type TestServer } from './httpServers.ts';

const log = makeLogger('test', 'silent');
/** Options of every server of a test. */
export const shared = { internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0, clock: systemClock, log };

interface RuntimeReplica {
  readonly id: string;
  /** URL behind the door. */
  readonly url: string;
  /** Door in front of it, which notes what it is sent. */
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
    { id = randomUUID() as string, stopped = false, version = '0.1.0' } = {},
  ): Promise<string> => {
    await database.pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version, stopped_at)
       VALUES ($1, 'host', $2, $4, CASE WHEN $3 THEN now() END)`,
      [id, relayAddress, stopped, version],
    );
    return id;
  };
  return {
    servers,
    keep,
    insertReplica,
    startDatabase: async (changes: Partial<DatabaseSubgraphOptions> = {}): Promise<RunningServer> => {
      const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
      return keep(await startDatabase({ ...shared, ...limits, databaseUrl: database.url, ...changes }));
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
