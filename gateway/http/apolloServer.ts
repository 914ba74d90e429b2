/**
 * Apollo Server, for every request that is not an ordinary one: queries in a URL, ids of persisted queries, kinds of answers
 * that few ask for, and all that is no valid request. What it executes, it executes as the ordinary way does.
 */
import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../server/log.ts';
import { switchOffVendorTelemetry } from '../../server/settings/config.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import type { AllowedOperations } from '../queries/allowedOperations.ts';
import type { Operations, RefusedOperation } from '../queries/operations.ts';
import { PARSE_OPTIONS } from '../queries/queryLimits.ts';
import type { Supergraph } from '../supergraph/load.ts';
import { clientErrorsPlugin, formatForClient } from './clientErrors.ts';
import { recordPlugin } from './requestLog.ts';

/** That are valid. */
const MAX_DOCUMENTS = 50;

export interface ApolloOptions {
  readonly supergraph: Supergraph;
  readonly operations: Operations;
  /** The only operations that are answered; unset: all. */
  readonly allowedOperations: AllowedOperations | undefined;
  readonly log: Logger;
}

/** Not started. Queries must pass the limits before they reach it. */
export function makeApolloServer(options: ApolloOptions): ApolloServer<GatewayContext> {
  const { allowedOperations, log } = options;
  switchOffVendorTelemetry();
  return new ApolloServer<GatewayContext>({
    gateway: gatewayOver(options),
    logger: log,
    plugins: [
      clientErrorsPlugin(log),
      recordPlugin(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    formatError: formatForClient,
    includeStacktraceInErrorResponses: false,
    introspection: true, // nobody gets here without a token
    csrfPrevention: false, // whoever is known by a cookie was looked at before: see http/crossSite.ts
    allowBatchedHttpRequests: false,
    persistedQueries: allowedOperations?.persistedQueries ?? false,
    parseOptions: PARSE_OPTIONS,
    documentStore: documentStore(),
    stopOnTerminationSignals: false,
  });
}

type DocumentStore = NonNullable<ApolloServerOptionsWithGateway<GatewayContext>['documentStore']>;

/** Its own would grow to 30 MiB, for requests that are few. */
function documentStore(): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({ max: MAX_DOCUMENTS });
  return {
    get: async (key) => documents.get(key),
    set: async (key, document) => void documents.set(key, document),
    delete: async (key) => documents.delete(key),
  };
}

/** What Apollo Server has parsed and validated is answered by the operations. */
function gatewayOver({
  supergraph,
  operations,
}: ApolloOptions): ApolloServerOptionsWithGateway<GatewayContext>['gateway'] {
  const { apiSchema, sdl } = supergraph;
  return {
    onSchemaLoadOrUpdate: (callback) => {
      callback({ apiSchema, coreSupergraphSdl: sdl });
      return () => {};
    },
    load: async () => ({
      executor: async ({ document: parsed, operation: found, request, context }) => {
        const { checked } = context as GatewayContext; // the same query, parsed once for all who ask it
        const ready = operations.prepare(checked?.document ?? parsed, checked?.operation ?? found);
        if (ready.kind === 'refused') return { errors: ready.errors.map((error) => asRefusal(error, ready)) };
        const { variables = {}, extensions } = request;
        const {
          data,
          errors,
          extensions: report,
        } = await operations.answer(ready, { variables, extensions }, context as GatewayContext);
        return {
          ...(data !== undefined && { data }),
          ...(errors && { errors: errors.map(asError) }),
          ...(report && { extensions: report }),
        };
      },
    }),
    stop: async () => {},
  };
}

const asRefusal = (error: GraphQLFormattedError, { status, cause }: RefusedOperation) =>
  new GraphQLError(error.message, {
    extensions: { ...error.extensions, http: { status, headers: new Map() } },
    originalError: cause instanceof Error ? cause : null,
  });

const asError = ({ message, path, extensions }: GraphQLFormattedError) =>
  new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
