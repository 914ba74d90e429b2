/** One database subgraph, asked over HTTP and in this process. */
import { Registry } from 'prom-client';
import { systemClock as clock } from '../../../common/clock.ts';
import { type DatabaseSubgraph, databaseOverHttp } from '../../../routing/transport/databaseSubgraph.ts';
import type { RunningServer } from '../../../server/app.ts';
import { makeLogger } from '../../../server/log.ts';
import { startDatabaseSubgraph } from '../../../subgraphs/database/server.ts';
import { inProcess } from '../databaseWays.ts';
import { INTERNAL_SECRET } from '../gateways.ts';

export interface Ways {
  readonly overHttp: DatabaseSubgraph;
  readonly inProcess: DatabaseSubgraph;
  /** The one that listens. */
  readonly server: RunningServer;
  close(): Promise<void>;
}

/** Milliseconds beyond the subgraph's wait for the database, so that both ways hear its words on a busy machine. */
const ASKERS_WAIT_MORE_MS = 10_000;

export async function openWays(databaseUrl: string, databaseTimeoutMs = 20_000): Promise<Ways> {
  const options = {
    ...{ databaseUrl, databaseTimeoutMs, staleAfterSeconds: 30, noProgressSeconds: 60 },
    ...{ clock, log: makeLogger('database', 'silent') },
  };
  const server = await startDatabaseSubgraph({
    ...options,
    internalSecret: INTERNAL_SECRET,
    host: '127.0.0.1',
    port: 0,
  });
  const askersWaitMs = databaseTimeoutMs + ASKERS_WAIT_MORE_MS;
  const overHttp = databaseOverHttp({
    url: `${server.url}/graphql`,
    internalSecret: INTERNAL_SECRET,
    databaseTimeoutMs: askersWaitMs,
  });
  const here = await inProcess(options, { waitMs: askersWaitMs })(new Registry());
  return {
    ...{ overHttp, inProcess: here, server },
    close: async () => void (await Promise.all([overHttp.close(), here.close(), server.stop()])),
  };
}
