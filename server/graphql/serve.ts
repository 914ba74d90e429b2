/** A schema and a context become an HTTP server that answers other processes of the system, and drains when it is stopped. */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import { sharedCall } from '../../common/sharedCall.ts';
import { ARRIVAL } from '../arrival.ts';
import { refuseOtherCharsets } from '../charset.ts';
import { drainOf } from '../drain.ts';
import { guard } from '../guard.ts';
import type { Stoppable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { registerMetrics } from '../metrics.ts';
import { traceRequests } from '../tracing.ts';
import { makeAnswering, type Subgraph, UNANSWERED, type WithRequestId } from './answering.ts';
import { maskError } from './errors.ts';
import { registerGraphql } from './graphqlRoute.ts';
import { acceptRequestId, noteRequests } from './requests.ts';

/** What an orchestrator and a scraper ask, who have no token; nothing there tells of a chat. */
const OPEN_ROUTES = ['/livez', '/readyz', '/metrics'];

export interface SubgraphOptions<C extends WithRequestId, Who> extends Subgraph<C> {
  /** Says who asks, or throws a GraphQLError that refuses the request; asked before anything else of a request is looked at. */
  readonly authorize: (request: FastifyRequest) => Promise<Who>;
  /** Makes the context of a request that was let in. */
  readonly context: (who: Who, requestId: string, reply: FastifyReply) => Promise<C>;
  /** Whether it can answer now; what it is not ready for, in words without addresses. */
  readonly notReady: () => string | undefined | Promise<string | undefined>;
  /** What is not answered though it is ready, once that was looked at; undefined: nothing. */
  readonly note?: () => string | undefined;
  /** More routes than `/graphql`, `/livez`, `/readyz` and `/metrics`. */
  readonly routes?: (app: FastifyInstance) => void;
  /** Metrics of this subgraph's own, to be shown at `/metrics` beside those of its requests. */
  readonly registry?: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** A server that listens. */
export interface RunningServer extends Required<Stoppable> {
  /** Without a path: `http://127.0.0.1:4001`. */
  readonly url: string;
}

/** @throws if the port is taken or the schema and the resolvers do not fit */
export async function serveSubgraph<C extends WithRequestId, Who>(
  options: SubgraphOptions<C, Who>,
): Promise<RunningServer> {
  const { clock, log, registry = new Registry() } = options;
  const app = Fastify({ return503OnClosing: false, ...ARRIVAL });
  const drain = drainOf(app);
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 400 && statusCode < 500) return reply.send(error);
    log.error({ url: request.routeOptions.url, err: error }, UNANSWERED);
    const body = { errors: [maskError({ message: error.message })] };
    return reply.code(500).type('application/json; charset=utf-8').send(body); // it may have been going to be a stream
  });
  traceRequests(app, () => ({}));
  noteRequests(app, { clock, log, registry });
  refuseOtherCharsets(app);
  const whoAsks = guard(app, options.authorize, OPEN_ROUTES);
  const answering = makeAnswering(options, log, [fastifyApolloDrainPlugin(app), neverStored]);
  const { apollo } = answering;
  await apollo.start();
  const newContext = async (request: FastifyRequest, reply: FastifyReply) =>
    options.context(whoAsks(request), acceptRequestId(request), reply);
  registerGraphql(app, answering, newContext, log);
  registerMetrics(app, registry);
  const notReady = sharedCall(async () => options.notReady());
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = drain.hasBegun ? 'stopping' : await notReady();
    return reply.code(reason ? 503 : 200).send(reason ?? readyWith(options.note?.()));
  });
  options.routes?.(app);
  const url = await app.listen({ host: options.host, port: options.port });
  let stopped: Promise<void> | undefined;
  return {
    url,
    retire: async () => drain.begin(),
    stop: () => {
      stopped ??= apollo.stop().then(() => app.close());
      return stopped;
    },
  };
}

/** The answer of `/readyz` that is ready: `ok`, and below it what is not answered. */
export const readyWith = (note: string | undefined): string => (note === undefined ? 'ok' : `ok\n${note}`);

/** Of what changes from moment to moment no cache on the way keeps a copy. */
const neverStored: ApolloServerPlugin<BaseContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response }) => void response.http.headers.set('cache-control', 'no-store'),
  }),
};
