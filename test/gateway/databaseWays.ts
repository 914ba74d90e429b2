/**
 * The two ways of a gateway to the database subgraph. Tests start a database subgraph and a gateway in front of it; in a file
 * that imports `inProcess/here.ts` first, that gateway asks no other process, but runs the same subgraph itself.
 */

import type { GatewayOptions } from '../../gateway/server.ts';
import {
  type DatabaseInProcessOptions,
  databaseInProcess,
  databaseOverHttp,
} from '../../routing/transport/databaseSubgraph.ts';
import type { RunningServer } from '../../server/graphql/serve.ts';
import { type DatabaseOptions, openDatabase } from '../../subgraphs/database/open.ts';
import { type DatabaseSubgraphOptions, startDatabaseSubgraph } from '../../subgraphs/database/server.ts';

/** Of the file that runs: its own, since jest loads every module anew for each. */
export const chosen = { isInProcess: false, opened: 0 };

/** By the URL of the one that listens. */
const started = new Map<string, DatabaseSubgraphOptions>();

/** As the subgraph's own function of this name, whose gateways may do without it. */
export async function startDatabase(options: DatabaseSubgraphOptions): Promise<RunningServer> {
  const server = await startDatabaseSubgraph(options);
  started.set(server.url, options);
  return server;
}

/** As `gateway/main.ts` opens it. */
export const inProcess =
  (options: DatabaseOptions, changes: Partial<DatabaseInProcessOptions> = {}): GatewayOptions['openDatabase'] =>
  (registry) =>
    databaseInProcess(openDatabase(options, registry), { ...options, ...changes });

/** The way that the file has chosen, if it started the subgraph; what only plays one is asked over HTTP. */
export function wayTo(
  { url }: { url: string },
  options: { internalSecret: string; databaseTimeoutMs: number },
): GatewayOptions['openDatabase'] {
  const known = started.get(url);
  if (!known || !chosen.isInProcess) return () => databaseOverHttp({ ...options, url: `${url}/graphql` });
  chosen.opened += 1;
  return inProcess(known);
}
