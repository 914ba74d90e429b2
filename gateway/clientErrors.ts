/** What a client sees of errors, and what the log sees of those that a client must not see. */
import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from '../common/log.ts';
import { isErrorCode, maskError } from '../subgraphs/errors.ts';
import { placedErrors } from './errorPlaces.ts';
import type { GatewayContext } from './gatewayContext.ts';

/** The contract's extensions of an error; all others, such as the name of the subgraph, are dropped. */
const EXTENSIONS = ['code', 'workerId', 'chatIds'];

/** Apollo Server says it with HTTP 200, for clients that would then send the whole query; here they must see that it failed. */
const PERSISTED_QUERY_NOT_SUPPORTED = 'PERSISTED_QUERY_NOT_SUPPORTED';

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

/**
 * Logs what is masked. Keeps from the client what is about fields that only a diagnosis required. Turns what the executor could not complete, which it tells in `extensions.valueCompletion` only, into
 * errors like any other. Refuses a request that names no operation of its document, or one that is no query: to validation
 * a root type that the schema does not have is nothing to object to.
 */
export function clientErrorsPlugin(log: Logger): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: async ({ contextValue }) => ({
      didResolveOperation: async ({ operation, request }) => {
        if (!operation) throw noSuchOperation(request.operationName);
        if (operation.operation !== 'query') throw noQuery(operation.operation);
      },
      didEncounterErrors: async ({ errors }) => {
        for (const error of errors) {
          const code = error.extensions.code;
          if (isErrorCode(code) ? code !== 'INTERNAL_SERVER_ERROR' : isOfDocument(code)) continue;
          log.error(
            { requestId: contextValue.requestId, path: error.path, err: error.originalError ?? error },
            'masked',
          );
        }
      },
      willSendResponse: async ({ response, errors }) => {
        if (errors?.[0]?.extensions.code === PERSISTED_QUERY_NOT_SUPPORTED) response.http.status = 400;
        if (response.body.kind !== 'single') return;
        const result = response.body.singleResult;
        if (result.errors) {
          const placed = placedErrors(result.data, result.errors);
          if (placed.length > 0) result.errors = placed;
          else delete result.errors;
        }
        const { valueCompletion, ...extensions } = result.extensions ?? {};
        if (!Array.isArray(valueCompletion)) return;
        const lost = valueCompletion as GraphQLFormattedError[];
        log.error(
          { requestId: contextValue.requestId, errors: lost },
          'a subgraph gave values that the schema does not allow',
        );
        result.errors = [...(result.errors ?? []), ...lost.map(({ message, path }) => lostValue(message, path))];
        if (Object.keys(extensions).length > 0) result.extensions = extensions;
        else delete result.extensions;
      },
    }),
  };
}

const isOfDocument = (code: unknown) => maskError({ message: '', extensions: { code } }).message === '';

const lostValue = (message: string, path: GraphQLFormattedError['path']) =>
  formatForClient({ message, ...(path && { path }), extensions: { code: 'INTERNAL_SERVER_ERROR' } });

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
