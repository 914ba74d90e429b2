/**
 * The real gateway, over a database subgraph that knows one chat without an owner. The page behaves the same over any
 * other.
 */
import { SignJWT } from 'jose';
import { systemClock } from '../../common/clock.ts';
import { startGateway } from '../../gateway/server.ts';
import { databaseOverHttp } from '../../routing/transport/databaseSubgraph.ts';
import type { RunningServer } from '../../server/app.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import { makeLogger } from '../../server/log.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';

export const CHAT_ID = '018f3c1e-5b7a-4c2d-9e10-3f4a5b6c7d8e';
const SECRET = 'a secret for this test, and none else';

/** A token that may read everything, of the form that `npm start` prints. */
export const token = (): Promise<string> =>
  new SignJWT({ roles: [READ_ALL] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('018f3c1e-0000-4000-8000-000000000001')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));

/** Chat as a test changes it. */
export const chat = { queueDepth: 7 };

const chatDebugSnapshot = (_root: unknown, { chatId }: { chatId: string }) =>
  chatId === CHAT_ID ? { chatId, executionState: 'R0', database: { status: 'running', ...chat } } : null;

/** Both on free ports of this machine; `stop` stops both. */
export async function startGatewayOverOneChat(): Promise<RunningServer> {
  const local = { host: '127.0.0.1', port: 0 };
  const database = await serveSubgraph({
    ...local,
    schemaFile: new URL('../../subgraphs/database/schema.graphql', import.meta.url),
    resolvers: { Query: { chatDebugSnapshot, replicas: () => [] } },
    authorize: async () => ({ sub: 'the gateway', roles: [] }),
    context: async (_who, requestId) => ({ requestId }),
    notReady: () => undefined,
    clock: systemClock,
    log: makeLogger('database', 'silent'),
  });
  const gateway = await startGateway({
    ...local,
    openDatabase: () =>
      databaseOverHttp({ url: `${database.url}/graphql`, internalSecret: SECRET, databaseTimeoutMs: 5_000 }),
    replicas: { timeoutMs: 1_000, addressAllow: ['127.0.0.0/8'] },
    maxCost: 10_000,
    rateLimitPerMinute: 0,
    mutationRateLimitPerMinute: 0,
    mcpRateLimitPerMinute: 0,
    streams: { perCaller: 1_000, max: 1_000 },
    diagnosis: {
      ...{ staleAfterSeconds: 30, heartbeatIntervalSeconds: 9 },
      ...{ acquisitionIntervalSeconds: 5, noProgressSeconds: 60 },
    },
    authSecret: SECRET,
    corsOrigins: [],
    internalSecret: SECRET,
    clock: systemClock,
    log: makeLogger('gateway', 'silent'),
  });
  return {
    url: gateway.url,
    retire: gateway.retire,
    stop: async () => {
      await gateway.stop();
      await database.stop();
    },
  };
}
