/** What a client sees of errors, and what the log sees of those that a client must not see. */
import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { maskError } from '../../server/graphql/errors.ts';
import { logMasked } from '../../server/graphql/maskedErrors.ts';
import type { Logger } from '../../server/log.ts';
import { placeErrors, unexplainedBy } from '../execution/errorPlaces.ts';
import type { Executed } from '../execution/executor.ts';
import type { GatewayContext } from '../gatewayContext.ts';

/** The contract's extensions of an error; all others, such as the name of the subgraph, are dropped. */
const EXTENSIONS = ['code', 'workerId', 'chatIds'];

/** Apollo Server says it with HTTP 200, for clients that would then send the whole query; here they must see that it failed. */
const PERSISTED_QUERY_NOT_SUPPORTED = 'PERSISTED_QUERY_NOT_SUPPORTED';

/** Of the values that a subgraph should not have given. */
const MAX_LOGGED = 10;

/** Apollo Server's `formatError`. */
export function formatForClient(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const { message, path, locations, extensions } = maskError(formatted);
  const kept = { ...formatted.extensions, ...extensions };
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: Object.fromEntries(EXTENSIONS.filter((name) => name in kept).map((name) => [name, kept[name]])),
  };
}

/** A request that is refused as a whole: the status of HTTP, and what the client is told. */
export function refusalOf(error: GraphQLError): { status: number; errors: GraphQLFormattedError[] } {
  const { http, ...extensions } = error.extensions as { http?: { status: number } };
  return { status: http?.status ?? 500, errors: [formatForClient({ message: error.message, extensions })] };
}

/**
 * The errors of an executed operation as its client sees them. What is masked is logged. An error about a field that only a
 * diagnosis required has no path. Values that the schema does not allow are errors like any other, where no other explains them.
 */
export function clientErrors(
  { data, errors, lost }: Executed,
  { requestId }: GatewayContext,
  log: Logger,
): GraphQLFormattedError[] {
  if (errors.length === 0 && lost.length === 0) return [];
  logMasked(log, requestId, errors);
  const { placed, required } = placeErrors(data, errors);
  const told = [...placed, ...required].map(formatForClient);
  const unexplained = unexplainedBy(placed, data, lost);
  if (unexplained.length === 0) return told;
  const some = { errors: unexplained.slice(0, MAX_LOGGED), times: unexplained.length };
  log.error({ requestId, ...some }, 'a subgraph gave values that the schema does not allow');
  const masked = unexplained.map(({ message, path }) =>
    formatForClient({ message, path, extensions: { code: 'INTERNAL_SERVER_ERROR' } }),
  );
  return [...told, ...masked];
}

/**
 * For requests that Apollo Server answers itself. Logs what it masks. Refuses a request that names no operation of its
 * document, or one that is no query: to validation a root type that the schema does not have is nothing to object to.
 */
export function clientErrorsPlugin(log: Logger): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: async ({ contextValue }) => ({
      didResolveOperation: async ({ operation, request }) => {
        if (!operation) throw noSuchOperation(request.operationName);
        if (operation.operation !== 'query') throw noQuery(operation.operation);
      },
      didEncounterErrors: async ({ errors }) => {
        logMasked(log, contextValue.requestId, errors.filter(isUntold));
      },
      willSendResponse: async ({ response, errors }) => {
        if (errors?.[0]?.extensions.code === PERSISTED_QUERY_NOT_SUPPORTED) response.http.status = 400;
      },
    }),
  };
}

/** What was masked before has its line, unless it brings its cause. */
const isUntold = ({ extensions, originalError }: GraphQLError) =>
  extensions.code !== 'INTERNAL_SERVER_ERROR' || originalError !== undefined;

const noSuchOperation = (name: string | null | undefined) =>
  refused(
    'OPERATION_RESOLUTION_FAILURE',
    name
      ? `The document has no operation named ${JSON.stringify(name)}.`
      : 'The document has several operations: name one.',
  );

const noQuery = (kind: string) => refused('GRAPHQL_VALIDATION_FAILED', `The schema has queries only, no ${kind}.`);

const refused = (code: string, message: string) =>
  new GraphQLError(message, { extensions: { code, http: { status: 400, headers: new Map() } } });
