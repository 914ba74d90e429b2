/** The database subgraph as a running server. It needs SELECT and nothing more, and starts whether the database does or not. */
import { Registry } from 'prom-client';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { type RunningServer, serveSubgraph } from '../../server/graphql/serve.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import type { DatabaseContext } from './context.ts';
import { type DatabaseOptions, openDatabase } from './open.ts';

export interface DatabaseSubgraphOptions extends SubgraphTrust, DatabaseOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** @throws if the port is taken; not if the database is down */
export async function startDatabaseSubgraph(options: DatabaseSubgraphOptions): Promise<RunningServer> {
  const { clock, log, host, port } = options;
  const registry = new Registry();
  const database = openDatabase(options, registry);
  const server = await serveSubgraph<DatabaseContext, Caller>({
    ...database.subgraph,
    authorize: authorizeSubgraph(options, { audience: 'database', clock, log }),
    context: async (caller, requestId) => database.newContext(caller, requestId),
    notReady: database.notReady,
    note: database.note,
    ...{ registry, clock, log, host, port },
  });
  let stopped: Promise<void> | undefined;
  return {
    url: server.url,
    retire: server.retire,
    stop: () => {
      stopped ??= server.stop().then(database.close);
      return stopped;
    },
  };
}
