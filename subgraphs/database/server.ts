/** The database subgraph as a running server. It needs SELECT and nothing more, and starts whether the database does or not. */
import { Registry } from 'prom-client';
import type { RunningServer } from '../../server/app.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { AdmissionLimits } from '../../server/live/admission.ts';
import type { DatabaseContext } from './context.ts';
import { registerChanges } from './noticesRoute.ts';
import { type DatabaseOptions, openDatabase } from './open.ts';

export interface DatabaseSubgraphOptions extends SubgraphTrust, DatabaseOptions {
  /** Limits on the streams that a foreign gateway opens; undefined: subscriptions are refused. */
  readonly streams?: AdmissionLimits;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** @throws if the port is taken; not if the database is down */
export async function startDatabaseSubgraph(options: DatabaseSubgraphOptions): Promise<RunningServer> {
  const { clock, log, host, port, streams } = options;
  const registry = new Registry();
  const database = openDatabase(options, registry);
  return serveSubgraph<DatabaseContext>({
    ...database.subgraph,
    authorize: authorizeSubgraph(options, { audience: 'database', clock, log }),
    context: database.newContext,
    notReady: database.notReady,
    note: database.note,
    live: streams && { limits: streams, newContext: database.newContext, follow: database.follow },
    routes: (app, callerOf) => registerChanges(app, database.follow, callerOf),
    close: database.close,
    ...{ registry, clock, log, host, port },
  });
}
