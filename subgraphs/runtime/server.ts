/**
 * The runtime subgraph of one replica, over HTTP: GraphQL for the gateway, the same by runtime protocol 1, and the message
 * buffers as a stream.
 */
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import { makeAnswer } from '../../sdk/serve/answer.ts';
import { fastifyPlugin } from '../../sdk/serve/fastifyPlugin.ts';
import type { RunningServer } from '../../server/app.ts';
import { Refusal, unauthenticated } from '../../server/graphql/answer.ts';
import type { WithRequestId } from '../../server/graphql/answering.ts';
import type { Authorize } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { Logger } from '../../server/log.ts';
import { checkInternalToken } from '../../server/tokens/internalToken.ts';
import { watchEventLoopDelay } from './eventLoopDelay.ts';
import type { Inspector } from './inspector.ts';
import { registerReplicaMetrics } from './metrics.ts';
import { protocolSource } from './protocolSource.ts';
import { type RuntimeContext, resolvers } from './resolvers.ts';
import { streamRoute } from './stream.ts';

interface RuntimeSubgraphOptions {
  readonly inspector: Inspector;
  readonly internalSecret: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Reason why the replica is not ready, without addresses. */
  readonly notReady?: () => string | undefined;
}

/** @throws if the port is taken */
export async function startRuntimeSubgraph(options: RuntimeSubgraphOptions): Promise<RunningServer> {
  const { inspector, internalSecret, clock, log, host, port, notReady = () => undefined } = options;
  const eventLoopDelay = watchEventLoopDelay(clock);
  const answer = makeAnswer(protocolSource(inspector, eventLoopDelay, clock), { internalSecret });
  const registry = new Registry();
  registerReplicaMetrics(registry, inspector);

  /** Lets a request of another process of the system in, or refuses it. */
  const authorize: Authorize = async (request) => {
    const expected = { secret: internalSecret, audience: inspector.workerId, now: clock.now() };
    const check = await checkInternalToken(expected, request.headers.authorization);
    if (check.kind === 'other-audience') return refusal(inspector.workerId);
    return check.kind === 'caller' ? check.caller : unauthenticated();
  };

  return serveSubgraph<RuntimeContext & WithRequestId>({
    schemaFile: new URL('./schema.graphql', import.meta.url),
    resolvers,
    authorize,
    context: (caller, requestId) => ({ inspector, eventLoopDelay, caller, requestId }),
    notReady,
    routes: (app) => {
      streamRoute(app, inspector);
      app.register(fastifyPlugin(answer));
    },
    close: async () => eventLoopDelay.close(),
    ...{ registry, clock, log, host, port },
  });
}

/**
 * The request was meant for another replica, which had this address before. `fields` is what the asker may still fill in
 * for the entities that it asked for.
 */
const refusal = (localWorkerId: string) =>
  new Refusal(421, 'REPLICA_REFUSED', `This is replica ${localWorkerId}, not the one that was asked for.`, {
    extensions: { localWorkerId, fields: { localWorkerId, workerIdMatchesLocal: false } },
  });
