/** Apollo Server over the gateway: which data source answers for which subgraph, and what a client may ask for. */
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { Dispatcher } from 'undici';
import type { Logger } from '../common/log.ts';
import type { DiagnosisSettings } from '../subgraphs/diagnosis/diagnosis.ts';
import { clientErrorsPlugin, formatForClient } from './clientErrors.ts';
import { makeDiagnosisDataSource } from './diagnosisDataSource.ts';
import type { GatewayContext } from './gatewayContext.ts';
import { recordPlugin } from './http/requestLog.ts';
import type { AllowedOperations } from './limits/allowedOperations.ts';
import { inputCheckPlugin } from './limits/inputCheck.ts';
import { makeQueryLimits, PARSE_OPTIONS, type QueryLimits } from './limits/queryLimits.ts';
import { makeReplicaDataSource } from './replicaDataSource.ts';
import { reportPlugin } from './reportPlugin.ts';
import { makeRereads } from './reread.ts';
import type { Replicas } from './routing/replicas.ts';
import { readRouting } from './routing/routedTypes.ts';
import { makeSubgraphDataSource } from './subgraphDataSource.ts';
import { makeApolloGateway } from './supergraph.ts';

/** On top of what the database subgraph itself waits for the database, so that it is the one that says so. */
export const SUBGRAPH_GRACE_MS = 500;

export interface ApolloOptions {
  readonly databaseSubgraphUrl: string;
  /** Milliseconds that the database subgraph waits for the database. */
  readonly databaseTimeoutMs: number;
  readonly internalSecret: string;
  /** The estimated cost up to which a query is answered. */
  readonly maxCost: number;
  /** The only operations that are answered; unset: all. */
  readonly allowedOperations?: AllowedOperations | undefined;
  readonly diagnosis: DiagnosisSettings;
  readonly log: Logger;
}

/**
 * The server is not started. Queries over HTTP must pass `limits.check` before they reach it.
 * @throws Error if a subgraph of the supergraph is not known here, or its routing cannot be read
 */
export function makeApolloServer(
  options: ApolloOptions,
  supergraphSdl: string,
  dispatcher: Dispatcher,
  replicas: Replicas,
): { apollo: ApolloServer<GatewayContext>; limits: QueryLimits } {
  const { internalSecret, log } = options;
  const routings = readRouting(supergraphSdl);
  if (routings.size === 0) throw new Error('No type of the supergraph is @routed.');
  const databaseSubgraphUrl = new URL(options.databaseSubgraphUrl);
  const timeoutMs = options.databaseTimeoutMs + SUBGRAPH_GRACE_MS;
  const gateway = makeApolloGateway({
    supergraphSdl,
    log,
    dataSource: (name) => {
      const routing = routings.get(name);
      if (routing) return makeReplicaDataSource(replicas.router(routing));
      if (name === 'diagnosis') return makeDiagnosisDataSource(options.diagnosis, (context) => reread(context));
      if (name !== 'database') throw new Error(`This gateway knows no subgraph ${name}.`);
      return makeSubgraphDataSource({ name, url: databaseSubgraphUrl, dispatcher, internalSecret, timeoutMs, log });
    },
  });
  const limits = makeQueryLimits({ maxCost: options.maxCost, countReplicas: replicas.count });
  const reread = makeRereads(gateway, log);
  const apollo = new ApolloServer<GatewayContext>({
    gateway,
    logger: log,
    plugins: [
      clientErrorsPlugin(log),
      reportPlugin(),
      limits.plugin,
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
    persistedQueries: options.allowedOperations?.persistedQueries ?? false,
    parseOptions: PARSE_OPTIONS,
    stopOnTerminationSignals: false,
  });
  return { apollo, limits };
}
