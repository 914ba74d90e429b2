/** A schema and a context become an HTTP server that answers other processes of the system, and drains when it is stopped. */
import { readFileSync } from 'node:fs';
import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { parse } from 'graphql';
import { closeConnectionsWhenStopping } from '../common/stoppingConnections.ts';
import { maskError } from './errors.ts';
import { representationCheckPlugin } from './representations.ts';

type Resolvers = NonNullable<GraphQLSchemaModule['resolvers']>;

export interface SubgraphOptions<C extends BaseContext> {
  /** The subgraph's schema file. */
  readonly schemaFile: URL;
  readonly resolvers: Resolvers;
  /** Makes the context of a request, or throws a GraphQLError that refuses it. */
  readonly context: (request: FastifyRequest) => Promise<C>;
  readonly plugins?: ApolloServerPlugin<C>[];
  /** Whether it can answer now; what it is not ready for, in words without addresses. */
  readonly notReady: () => string | undefined | Promise<string | undefined>;
  /** More routes than `/graphql`, `/livez` and `/readyz`. */
  readonly routes?: (app: FastifyInstance) => void;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** A server that listens. `stop` takes nothing new, finishes what runs, then closes; calling it twice is calling it once. */
export interface RunningServer {
  /** Without a path: `http://127.0.0.1:4001`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** @throws if the port is taken or the schema and the resolvers do not fit */
export async function serveSubgraph<C extends BaseContext>(options: SubgraphOptions<C>): Promise<RunningServer> {
  const app = Fastify({ forceCloseConnections: 'idle' });
  closeConnectionsWhenStopping(app);
  const typeDefs = parse(readFileSync(options.schemaFile, 'utf8'));
  const apollo = new ApolloServer<C>({
    schema: buildSubgraphSchema([{ typeDefs, resolvers: options.resolvers }]),
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginInlineTraceDisabled(),
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
  await app.register(fastifyApollo<C>(apollo), { context: options.context });
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = await options.notReady();
    return reply.code(reason ? 503 : 200).send(reason ?? 'ok');
  });
  options.routes?.(app);
  const url = await app.listen({ host: options.host, port: options.port });
  let stopped: Promise<void> | undefined;
  return {
    url,
    stop: () => {
      stopped ??= apollo.stop().then(() => app.close());
      return stopped;
    },
  };
}
