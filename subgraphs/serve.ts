/** A schema and a context become an HTTP server that answers other processes of the system, and drains when it is stopped. */
import { readFileSync } from 'node:fs';
import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { parse } from 'graphql';
import { Registry } from 'prom-client';
import { ARRIVAL } from '../common/arrival.ts';
import type { Clock } from '../common/clock.ts';
import { drainOf } from '../common/drain.ts';
import { guard } from '../common/guard.ts';
import type { Stoppable } from '../common/lifecycle.ts';
import type { Logger } from '../common/log.ts';
import { registerMetrics } from '../common/metrics.ts';
import { sharedCall } from '../common/sharedCall.ts';
import { traceRequests } from '../common/tracing.ts';
import { maskError } from './errors.ts';
import { representationCheckPlugin } from './representations.ts';
import { acceptRequestId, noteRequests } from './requests.ts';

/** What an orchestrator and a scraper ask, who have no token; nothing there tells of a chat. */
const OPEN_ROUTES = ['/livez', '/readyz', '/metrics'];

type Resolvers = NonNullable<GraphQLSchemaModule['resolvers']>;

export interface SubgraphOptions<C extends BaseContext, Who> {
  /** The subgraph's schema file. */
  readonly schemaFile: URL;
  readonly resolvers: Resolvers;
  /** Says who asks, or throws a GraphQLError that refuses the request; asked before anything else of a request is looked at. */
  readonly authorize: (request: FastifyRequest) => Promise<Who>;
  /** Makes the context of a request that was let in. */
  readonly context: (who: Who, request: FastifyRequest, reply: FastifyReply) => Promise<C>;
  readonly plugins?: ApolloServerPlugin<C>[];
  /** Whether it can answer now; what it is not ready for, in words without addresses. */
  readonly notReady: () => string | undefined | Promise<string | undefined>;
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
export async function serveSubgraph<C extends BaseContext, Who>(
  options: SubgraphOptions<C, Who>,
): Promise<RunningServer> {
  const { clock, log, registry = new Registry() } = options;
  const app = Fastify({ return503OnClosing: false, ...ARRIVAL });
  const drain = drainOf(app);
  traceRequests(app, () => ({}));
  noteRequests(app, { clock, log, registry });
  const whoAsks = guard(app, options.authorize, OPEN_ROUTES);
  const typeDefs = parse(readFileSync(options.schemaFile, 'utf8'));
  const apollo = new ApolloServer<C>({
    schema: buildSubgraphSchema([{ typeDefs, resolvers: options.resolvers }]),
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(), // it looks at every field to find that nothing may be stored
      neverStored,
      ApolloServerPluginLandingPageDisabled(), // a page for browsers, with scripts of its vendor's, and without a token
      representationCheckPlugin(),
      ...(options.plugins ?? []),
    ],
    formatError: maskError,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: false, // no cookie is ever looked at here
    introspection: false,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
  });
  await apollo.start();
  await app.register(fastifyApollo<C>(apollo), {
    context: async (request, reply) => {
      acceptRequestId(request);
      return options.context(whoAsks(request), request, reply);
    },
  });
  registerMetrics(app, registry);
  const notReady = sharedCall(async () => options.notReady());
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = drain.hasBegun ? 'stopping' : await notReady();
    return reply.code(reason ? 503 : 200).send(reason ?? 'ok');
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

/** Of what changes from moment to moment no cache on the way keeps a copy. */
const neverStored: ApolloServerPlugin<BaseContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response }) => void response.http.headers.set('cache-control', 'no-store'),
  }),
};
