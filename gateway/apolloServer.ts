/** Apollo Server over the gateway: which data source answers for which subgraph, and what a client may ask for. */
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import type { Dispatcher } from 'undici';
import type { Logger } from '../common/log.ts';
import { clientErrorsPlugin, formatForClient } from './clientErrors.ts';
import { complexityCheckPlugin } from './complexityCheck.ts';
import type { GatewayContext } from './gatewayContext.ts';
import { inputCheckPlugin } from './inputCheck.ts';
import { makeReplicaDataSource } from './replicaDataSource.ts';
import type { Replicas } from './replicas.ts';
import { reportPlugin } from './reportPlugin.ts';
import { recordPlugin } from './requestLog.ts';
import { readRouting } from './routedTypes.ts';
import { makeSubgraphDataSource } from './subgraphDataSource.ts';
import { makeApolloGateway, readSupergraph } from './supergraph.ts';

/** On top of what the database subgraph itself waits for the database, so that it is the one that says so. */
export const SUBGRAPH_GRACE_MS = 500;

export interface ApolloOptions {
  readonly databaseSubgraphUrl: string;
  /** Unset: the supergraph that is checked in. */
  readonly supergraphPath?: string | undefined;
  /** Milliseconds that the database subgraph waits for the database. */
  readonly databaseTimeoutMs: number;
  readonly internalSecret: string;
  readonly log: Logger;
}

/** Not started. Draining it closes `app`. */
export function makeApolloServer(
  options: ApolloOptions,
  app: FastifyInstance,
  dispatcher: Dispatcher,
  replicas: Replicas,
): ApolloServer<GatewayContext> {
  const { internalSecret, log } = options;
  const supergraphSdl = readSupergraph(options.supergraphPath);
  const routings = readRouting(supergraphSdl);
  const databaseSubgraphUrl = new URL(options.databaseSubgraphUrl);
  const timeoutMs = options.databaseTimeoutMs + SUBGRAPH_GRACE_MS;
  const gateway = makeApolloGateway({
    supergraphSdl,
    log,
    dataSource: (name, routingUrl) => {
      const routing = routings.get(name);
      if (routing) return makeReplicaDataSource(replicas.router(routing));
      const url = name === 'database' ? databaseSubgraphUrl : new URL(routingUrl);
      return makeSubgraphDataSource({ name, url, dispatcher, internalSecret, timeoutMs, log });
    },
  });
  return new ApolloServer<GatewayContext>({
    gateway,
    logger: log,
    plugins: [
      fastifyApolloDrainPlugin(app),
      clientErrorsPlugin(log),
      reportPlugin(),
      complexityCheckPlugin(),
      inputCheckPlugin(),
      recordPlugin(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    formatError: formatForClient,
    includeStacktraceInErrorResponses: false,
    introspection: true, // nobody gets here without a token
    csrfPrevention: false, // no cookie is looked at yet
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
  });
}
