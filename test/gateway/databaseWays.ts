/**
 * The two ways from a gateway to the database subgraph. Tests start a database subgraph and a gateway in front of it.
 * In a file that first imports `inProcess/here.ts`, that gateway runs the same subgraph itself.
 */
import { describe, test } from '@jest/globals';
import type { GatewayOptions } from '../../gateway/server.ts';
import {
  type DatabaseInProcessOptions,
  databaseInProcess,
  databaseOverHttp,
} from '../../routing/transport/databaseSubgraph.ts';
import type { RunningServer } from '../../server/app.ts';
import { type DatabaseOptions, openDatabase } from '../../subgraphs/database/open.ts';
import { type DatabaseSubgraphOptions, startDatabaseSubgraph } from '../../subgraphs/database/server.ts';

/** Choice of the running file; jest loads every module anew for each. */
export const chosen = { isInProcess: false, opened: 0 };

/** Variant of `describe` for tests to which the way makes no difference. A file that chose the other way leaves them out. */
export const describeOnce = (name: string, tests: () => void): void => {
  if (!chosen.isInProcess) describe(name, tests);
};

/** Variant of `test`, for the same cases. */
export const testOnce = (name: string, run: () => Promise<void>): void => {
  if (!chosen.isInProcess) test(name, run);
};

/** Options by the URL of the subgraph that listens. */
const started = new Map<string, DatabaseSubgraphOptions>();

/** Starts the subgraph as its own function of this name does. Its gateways may do without it. */
export async function startDatabase(options: DatabaseSubgraphOptions): Promise<RunningServer> {
  const server = await startDatabaseSubgraph(options);
  started.set(server.url, options);
  return server;
}

/** Opens the subgraph in process, as `gateway/main.ts` does. */
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
