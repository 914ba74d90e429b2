/** The database subgraph over real HTTP, and the tools to ask it. */
import { afterAll, beforeAll } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import type { RunningServer } from '../../../../server/app.ts';
import { makeLogger } from '../../../../server/log.ts';
import { type Caller, READ_ALL, signInternalToken } from '../../../../server/tokens/internalToken.ts';
import { type DatabaseSubgraphOptions, startDatabaseSubgraph } from '../../../../subgraphs/database/server.ts';

export const SECRET = 'a secret for tests, long enough for HS256';

/** May read everything. */
export const OPERATOR: Caller = { sub: 'operator', roles: [READ_ALL] };

export const user = (sub: string): Caller => ({ sub, roles: [] });

export interface Answer {
  readonly status: number;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly { message: string; path?: (string | number)[]; extensions: { code: string } }[];
  readonly text: string;
}

export type Ask = (query: string, variables?: Record<string, unknown>, caller?: Caller) => Promise<Answer>;

export const start = (options: Pick<DatabaseSubgraphOptions, 'databaseUrl'> & Partial<DatabaseSubgraphOptions>) =>
  startDatabaseSubgraph({
    internalSecret: SECRET,
    staleAfterSeconds: 30,
    noProgressSeconds: 60,
    databaseTimeoutMs: 20_000,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: makeLogger('database', 'silent'),
    ...options,
  });

/** Asks as the operator unless told otherwise. */
export const asking =
  (url: () => string): Ask =>
  async (query, variables = {}, caller = OPERATOR) => {
    const token = await signInternalToken(SECRET, 'database', caller);
    return post(url(), { query, variables }, { authorization: `Bearer ${token}` });
  };

export async function post(url: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, errors: [], ...JSON.parse(text), text };
}

/** One for a whole test file, on the database whose URL is known when the tests start. */
export function subgraphPerFile(
  database: { readonly url: string },
  options: Partial<DatabaseSubgraphOptions> = {},
): Ask {
  const holder: { server?: RunningServer } = {};
  beforeAll(async () => {
    holder.server = await start({ databaseUrl: database.url, ...options });
  });
  afterAll(() => holder.server?.stop());
  return asking(() => holder.server?.url ?? '');
}

/** The entities that a gateway would ask for. */
export const entities = (ask: Ask, representations: unknown[], fragment: string, caller?: Caller) =>
  ask(
    `query ($r: [_Any!]!) { _entities(representations: $r) { __typename ${fragment} } }`,
    { r: representations },
    caller,
  );
