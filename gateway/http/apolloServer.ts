/** Apollo Server, which words the refusal of a request that is not answered. Valid queries do not come here. */
import type { ApolloGateway } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError } from 'graphql';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { GraphqlService } from '../../server/graphql/edge.ts';
import { type DocumentCode, documentError, noQuery } from '../../server/graphql/errors.ts';
import { logMasked } from '../../server/graphql/maskedErrors.ts';
import type { Logger } from '../../server/log.ts';
import { formatForClient } from '../queries/clientErrors.ts';
import { PARSE_OPTIONS } from '../queries/prepare.ts';

type Answer = GraphqlService<RoutingContext>['answer'];

/** Not started: starting it loads the gateway. @param answer called when it has started */
export function makeApolloServer(gateway: ApolloGateway, answer: Answer, log: Logger): ApolloServer<RoutingContext> {
  gateway.executor = executorOver(answer);
  return new ApolloServer<RoutingContext>({
    gateway,
    logger: log,
    plugins: [
      refusals(log),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    formatError: formatForClient,
    includeStacktraceInErrorResponses: false,
    introspection: true, // nobody gets here without a token
    csrfPrevention: false, // whoever is known by a cookie was looked at before: see http/crossSite.ts
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    parseOptions: PARSE_OPTIONS,
    documentStore: null,
    stopOnTerminationSignals: false,
  });
}

/** What Apollo Server is given to execute, which no request over HTTP is, is answered as any other query. */
const executorOver =
  (answer: Answer): ApolloGateway['executor'] =>
  async ({ source, request: { operationName, variables, extensions }, context }) => {
    const answered = await answer({ query: source, operationName, variables, extensions }, context as RoutingContext);
    if (!answered) throw new Error('What Apollo Server executes is a valid query');
    const { errors, ...body } = answered.body;
    return {
      ...body,
      ...(errors && { errors: errors.map(({ message, ...told }) => new GraphQLError(message, told)) }),
    };
  };

/** Apollo Server says it with HTTP 200, for clients that would then send the whole query; here they must see that it failed. */
const PERSISTED_QUERY_NOT_SUPPORTED = 'PERSISTED_QUERY_NOT_SUPPORTED' satisfies DocumentCode;

/**
 * Logs what is masked. It refuses a request that names no operation of its document.
 * It also refuses one that is no query. Validation accepts a root type that the schema lacks, and a subscription whose
 * client accepts no stream comes here.
 */
const refusals = (log: Logger): ApolloServerPlugin<RoutingContext> => ({
  requestDidStart: async ({ contextValue: { requestId } }) => ({
    didResolveOperation: async ({ operation, request }) => {
      if (!operation) throw noSuchOperation(request.operationName);
      if (operation.operation === 'subscription') throw notAsStream();
      if (operation.operation !== 'query') throw noQuery(operation.operation);
    },
    didEncounterErrors: async ({ errors }) => logMasked(log, requestId, errors),
    willSendResponse: async ({ response, errors }) => {
      if (errors?.[0]?.extensions.code === PERSISTED_QUERY_NOT_SUPPORTED) response.http.status = 400;
    },
  }),
});

const noSuchOperation = (name: string | null | undefined) =>
  documentError(
    'OPERATION_RESOLUTION_FAILURE',
    name
      ? `The document has no operation named ${JSON.stringify(name)}.`
      : 'The document has several operations: name one.',
  );

const notAsStream = () =>
  documentError('BAD_REQUEST', 'A subscription is answered as a stream: send it with `accept: text/event-stream`.');
