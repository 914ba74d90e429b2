/** The database subgraph with its default thresholds, asked over HTTP by somebody who may read everything. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { systemClock as clock } from '../../common/clock.ts';
import { makeLogger } from '../../server/log.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { startDatabaseSubgraph } from '../../subgraphs/database/server.ts';

const internalSecret = randomUUID();
const answer = z.strictObject({ data: z.record(z.string(), z.unknown()) });

/** The name of its connections, as Postgres lists them. */
export const SUBGRAPH_CONNECTIONS = 'chat-debug-database';

export interface Subgraph {
  /** @throws if the answer has errors */
  ask(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  /** Also closes its connections, with which their counts reach the server's statistics. */
  stop(): Promise<void>;
}

export async function startSubgraph(databaseUrl: string): Promise<Subgraph> {
  const server = await startDatabaseSubgraph({
    ...{ databaseUrl, internalSecret, clock, log: makeLogger('database', 'warn'), host: '127.0.0.1', port: 0 },
    ...{ staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 },
    clockAheadSeconds: 2 * 86_400, // rows that are to stay young are ahead of the clock
  });
  return {
    ask: async (query, variables = {}) => {
      const body = JSON.stringify({ query, variables });
      const token = await signInternalToken(internalSecret, 'database', { sub: randomUUID(), roles: [READ_ALL] });
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
      return answer.parse(await response.json()).data;
    },
    stop: server.stop,
  };
}
