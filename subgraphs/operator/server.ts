/** The operator as a running server. It starts only on a database that is this project's own. */
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import { assertOwnSchema } from '../../prisma/migrations.ts';
import type { RunningServer } from '../../server/app.ts';
import { openPool } from '../../server/databasePool.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { Logger } from '../../server/log.ts';
import { startLoop } from '../../server/loop.ts';
import { ChatStore } from '../runtime/chatd/chatStore.ts';
import { failureName } from '../runtime/chatd/databaseFailure.ts';
import { startAfterwards } from './afterwards/afterwards.ts';
import { lookBefore, openOperatorGateway } from './afterwards/look.ts';
import { type Operator, type OperatorContext, operatorContext } from './context.ts';
import { makeOperatorMetrics } from './metrics.ts';
import { makeOfferTokens } from './offerTokens.ts';
import { startPlans } from './plans/loop.ts';
import { resolvers } from './resolvers.ts';
import { dropOld } from './retention.ts';
import { questionError, troubleWords } from './trouble.ts';

export interface OperatorServerOptions extends SubgraphTrust {
  /** Key of the tokens of offers. */
  readonly offerSecret: string;
  readonly databaseUrl: string;
  /** GraphQL endpoint of the gateway, which tells afterwards whether an action helped. */
  readonly gatewayUrl: string;
  /** Milliseconds that a statement takes at most. */
  readonly databaseTimeoutMs: number;
  /** Days for which records of actions, and plans, are kept. */
  readonly retentionDays: number;
  readonly host: string;
  /** Port; 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const CONNECTIONS = 10;
const RETENTION_INTERVAL_SECONDS = 3_600;
const SCHEMA_FILE = new URL('schema.graphql', import.meta.url);

/** @throws SchemaStateError if the database is not this project's own; if it does not answer, or the port is taken */
export async function startOperatorServer(options: OperatorServerOptions): Promise<RunningServer> {
  const { databaseUrl, databaseTimeoutMs: timeoutMs, retentionDays, clock, log, host, port } = options;
  const name = 'chat-debug-operator';
  const pool = openPool({ name, databaseUrl, timeoutMs, connections: CONNECTIONS, log });
  const client = await pool.connect();
  await assertOwnSchema(client).finally(() => client.release());

  const registry = new Registry();
  const store = new ChatStore(pool, clock);
  const metrics = makeOperatorMetrics(registry);
  const gateway = openOperatorGateway(options.gatewayUrl, options.offerSecret);
  const afterwards = startAfterwards({ pool, ask: gateway.ask, metrics, clock, log });
  const plans = startPlans({ pool, store }, { metrics, clock, log });
  const operator: Operator = {
    ...{ pool, store, metrics, tokens: makeOfferTokens(options.offerSecret, clock), planBegun: plans.wake },
    actionDone: afterwards.wake,
    look: (chatId) => lookBefore(gateway.ask, chatId),
    answered: (question) =>
      question().catch((error: unknown) => {
        const told = questionError(error);
        if (told !== error || told.cause)
          log.warn({ err: told.cause ?? error, code: told.extensions.code }, 'a request failed');
        throw told;
      }),
  };
  const retention = startLoop({
    ...{ name: 'retention', intervalSeconds: RETENTION_INTERVAL_SECONDS, nameOf: failureName, clock, log },
    work: () => dropOld(pool, retentionDays),
  });
  const close = async () => {
    await Promise.all([retention.stop(), plans.stop(), afterwards.stop(), gateway.close()]);
    await operator.store.announcements.sent();
    await pool.end();
  };
  try {
    return await serveSubgraph<OperatorContext>({
      ...{ schemaFile: SCHEMA_FILE, resolvers, registry, clock, log, host, port, close },
      authorize: authorizeSubgraph(options, { audience: 'operator', clock, log }),
      context: (caller, requestId, { request }) => operatorContext(operator, { caller, requestId }, request),
      note: afterwards.trouble,
      notReady: () =>
        pool.query('SELECT FROM chat_debug_actions, chat_debug_drains, chat_debug_plans LIMIT 0').then(
          () => undefined,
          (error: unknown) => troubleWords(error),
        ),
    });
  } catch (error) {
    await close();
    throw error;
  }
}
