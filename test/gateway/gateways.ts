/** Real gateways for a test, and a client that asks them. */
import { afterAll, afterEach } from '@jest/globals';
import { SignJWT } from 'jose';
import { systemClock } from '../../common/clock.ts';
import type { GatewayOptions } from '../../gateway/server.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';

export const AUTH_SECRET = 'a secret of callers for tests, long enough';
export const INTERNAL_SECRET = 'an internal secret for tests, long enough';

/** Addresses of the replicas of tests. */
export const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Settings of the diagnosis, as the settings have them. */
export const DIAGNOSIS_SETTINGS = {
  staleAfterSeconds: 30,
  heartbeatIntervalSeconds: 9,
  acquisitionIntervalSeconds: 5,
  noProgressSeconds: 60,
};

export type GatewayChanges = Partial<Omit<GatewayOptions, 'replicas'>> & {
  replicas?: Partial<GatewayOptions['replicas']>;
  /** Milliseconds for which the database subgraph waits for the database. */
  databaseTimeoutMs?: number;
};

/** Starts a gateway with long times; the caller stops it. Its modules are loaded then: many files only ask one that runs elsewhere. */
export async function startTestGateway(
  databaseSubgraph: { url: string },
  { replicas, databaseTimeoutMs = 20_000, ...changes }: GatewayChanges = {},
): Promise<RunningServer> {
  const { startGateway } = await import('../../gateway/server.ts');
  const { wayTo } = await import('./databaseWays.ts');
  return startGateway({
    host: '127.0.0.1',
    port: 0,
    openDatabase: wayTo(databaseSubgraph, { internalSecret: INTERNAL_SECRET, databaseTimeoutMs }),
    replicas: { timeoutMs: 20_000, addressAllow: LOOPBACK, ...replicas },
    maxCost: 10_000,
    rateLimitPerMinute: 0,
    mutationRateLimitPerMinute: 0,
    mcpRateLimitPerMinute: 0,
    streams: { perCaller: 1_000, max: 1_000 },
    diagnosis: DIAGNOSIS_SETTINGS,
    authSecret: AUTH_SECRET,
    corsOrigins: [],
    internalSecret: INTERNAL_SECRET,
    clock: systemClock,
    log: makeLogger('gateway', 'silent'),
    ...changes,
  });
}

/** Call at the top of a test file. What is started is stopped after each test. */
export function gatewaysPerTest() {
  const started: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
  });
  return async (databaseSubgraph: { url: string }, changes: GatewayChanges = {}): Promise<RunningServer> => {
    const server = await startTestGateway(databaseSubgraph, changes);
    started.push(server);
    return server;
  };
}

/**
 * Call at the top of a test file. Starts one gateway with the first test that wants it, and one more for each other list
 * of origins. They stop after the last test.
 */
export function gatewayPerFile(databaseSubgraph: () => { url: string }) {
  const started = new Map<string, Promise<RunningServer>>();
  afterAll(async () => {
    for (const server of await Promise.all(started.values())) await server.stop();
  });
  return (corsOrigins: readonly string[] = []): Promise<RunningServer> => {
    const key = corsOrigins.join(' ');
    const known = started.get(key) ?? startTestGateway(databaseSubgraph(), { corsOrigins });
    started.set(key, known);
    return known;
  };
}

export const callerToken = (claims: Record<string, unknown> = { sub: 'an-operator', roles: [READ_ALL] }) =>
  new SignJWT({ exp: 99_999_999_999, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(AUTH_SECRET));

export interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; workerId?: string; chatIds?: string[] };
}

export interface GraphqlResponse<Data> {
  status: number;
  headers: Headers;
  body: { data?: Data; errors?: GraphqlError[]; extensions?: unknown };
}

export interface GatewayRequest {
  variables?: unknown;
  operationName?: string;
  extensions?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

/** Sends a GraphQL request as JSON, with a token that may read everything unless another is given. */
export async function askGateway<Data = Record<string, unknown>>(
  gateway: { url: string },
  query: string,
  { token, headers = {}, ...request }: GatewayRequest = {},
): Promise<GraphqlResponse<Data>> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token ?? (await callerToken())}`,
      ...headers,
    },
    body: JSON.stringify({ query, ...request }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as never };
}
