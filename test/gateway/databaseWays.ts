/**
 * The two ways of a gateway to the database subgraph. Tests start a database subgraph and a gateway in front of it; in a file
 * that imports `inProcess/here.ts` first, that gateway asks no other process, but runs the same subgraph itself.
 */
import { describe, test } from '@jest/globals';
import type { GatewayOptions } from '../../gateway/server.ts';
import type { DatabaseSubgraph } from '../../routing/transport/databaseSubgraph.ts';
import { databaseOverHttp, SUBGRAPH_GRACE_MS } from '../../routing/transport/databaseSubgraph.ts';
import { MAX_ANSWER_BYTES } from '../../routing/transport/postGraphql.ts';
import type { RunningServer } from '../../server/app.ts';
import { type InProcessOptions, startInProcess } from '../../subgraphs/database/inProcess.ts';
import type { DatabaseOptions } from '../../subgraphs/database/open.ts';
import { type DatabaseSubgraphOptions, startDatabaseSubgraph } from '../../subgraphs/database/server.ts';

/** Of the file that runs: its own, since jest loads every module anew for each. */
export const chosen = { isInProcess: false, opened: 0 };

/** As `describe`, for tests to which the way makes no difference: a file that chose the other one leaves them out. */
export const describeOnce = (name: string, tests: () => void): void => {
  if (!chosen.isInProcess) describe(name, tests);
};

/** As `test`, in the same cases. */
export const testOnce = (name: string, run: () => Promise<void>): void => {
  if (!chosen.isInProcess) test(name, run);
};

/** By the URL of the one that listens. */
const started = new Map<string, DatabaseSubgraphOptions>();

/** As the subgraph's own function of this name, whose gateways may do without it. */
export async function startDatabase(options: DatabaseSubgraphOptions): Promise<RunningServer> {
  const server = await startDatabaseSubgraph(options);
  started.set(server.url, options);
  return server;
}

/** With the limits that `gateway/main.ts` gives it. */
export const inProcess =
  (options: DatabaseOptions, changes: Partial<InProcessOptions> = {}): GatewayOptions['openDatabase'] =>
  (registry): Promise<DatabaseSubgraph> => {
    const limits = { waitMs: options.databaseTimeoutMs + SUBGRAPH_GRACE_MS, maxAnswerBytes: MAX_ANSWER_BYTES };
    return startInProcess({ ...options, ...limits, ...changes }, registry);
  };

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
