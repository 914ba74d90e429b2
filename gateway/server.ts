/** The gateway over HTTP: one GraphQL endpoint in front of the subgraphs, GraphiQL, and what an operator asks for. */
import { setMaxListeners } from 'node:events';
import fastifyApollo from '@as-integrations/fastify';
import fastifyCookie from '@fastify/cookie';
import type { FastifyReply } from 'fastify';
import type { CallerTokenOptions } from '../common/callerToken.ts';
import type { RunningServer } from '../subgraphs/serve.ts';
import { type ApolloOptions, makeApolloServer } from './apolloServer.ts';
import { authenticateAll } from './authenticate.ts';
import type { GatewayContext } from './gatewayContext.ts';
import { registerGraphiql } from './graphiql.ts';
import { registerHealth } from './health.ts';
import { makeApp } from './httpApp.ts';
import { makeIdentify } from './identity.ts';
import { makeDispatcher } from './postGraphql.ts';
import { makeBudget } from './routingContext.ts';

export interface GatewayOptions extends ApolloOptions, CallerTokenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
}

/** @throws if the port is taken, or SettingsError if the supergraph cannot be read */
export async function startGateway(options: GatewayOptions): Promise<RunningServer> {
  const { clock, log, host, port } = options;
  const dispatcher = makeDispatcher(Math.max(options.replicaTimeoutMs, options.databaseTimeoutMs));
  const app = makeApp(log, clock);
  const apollo = makeApolloServer(options, app, dispatcher);
  let draining = false;

  await apollo.start();
  await app.register(fastifyCookie);
  await app.register(async (scope) => {
    const callerOf = authenticateAll(scope, makeIdentify(options));
    await scope.register(fastifyApollo<GatewayContext>(apollo), {
      method: ['GET', 'POST'],
      context: async (request, reply) => ({
        caller: callerOf(request),
        signal: goneSignal(reply),
        budget: makeBudget(options.replicaTimeoutMs, clock),
        requestId: request.id,
      }),
    });
  });
  registerGraphiql(app);
  registerHealth(app, {
    dispatcher,
    databaseSubgraphUrl: new URL(options.databaseSubgraphUrl),
    timeoutMs: options.databaseTimeoutMs,
    isDraining: () => draining,
  });
  const url = await app.listen({ host, port });

  const stop = async () => {
    draining = true;
    await apollo.stop();
    await app.close();
    await dispatcher.destroy();
  };
  let stopped: Promise<void> | undefined;
  return {
    url,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Aborts when the connection ends before the response does. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // as many as fetches
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
