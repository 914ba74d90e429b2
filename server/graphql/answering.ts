/** A schema with resolvers as something that answers operations, wherever they come from. */
import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { Logger } from '../log.ts';
import { Refusal } from './answer.ts';
import type { GraphqlService } from './edge.ts';
import { asGraphqlError, formatError, httpOf, maskError, noQuery } from './errors.ts';
import { logMasked } from './maskedErrors.ts';
import { makePreparedQueries } from './preparedQueries.ts';
import { compileRepresentationCheck } from './representations.ts';

/** Limit for all queries that are kept, together: the questions of one gateway are some dozens. */
const MAX_KEPT_CHARACTERS = 200_000;
const RULES = [...specifiedRules, NoSchemaIntrospectionCustomRule];

/** Context of an operation. */
export interface WithRequestId {
  readonly requestId: string;
}

export interface Subgraph<C extends WithRequestId> {
  /** Schema file of the subgraph. */
  readonly schemaFile: URL;
  readonly resolvers: NonNullable<GraphQLSchemaModule['resolvers']>;
  /** Called for each context in which an operation was executed, or is not waited for any more. @returns errors to add, as they are */
  readonly finish?: ((context: C) => readonly GraphQLFormattedError[]) | undefined;
}

export interface Answering<C extends WithRequestId> extends GraphqlService<C> {
  /** Server that words refusals. It is not started: its user starts and stops it. */
  readonly apollo: ApolloServer<WithRequestId>;
}

/** @param log receives what went wrong and is masked */
export function makeAnswering<C extends WithRequestId>(
  { schemaFile, resolvers, finish = () => [] }: Subgraph<C>,
  log: Logger,
): Answering<C> {
  const typeDefs = parse(readFileSync(schemaFile, 'utf8'), { noLocation: true });
  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  const find = makePreparedQueries({
    maxCharacters: MAX_KEPT_CHARACTERS,
    read: (text) => readValid(schema, text),
    prepare: (document, operation) => {
      if (operation.operation !== 'query') return undefined;
      const findBadRepresentation = compileRepresentationCheck(schema, document, operation);
      return { document, operationName: operation.name?.value, findBadRepresentation };
    },
  });
  return {
    apollo: makeApollo(schema, log),
    answer: async ({ query, operationName: wanted, variables = {} }, contextValue, record) => {
      const prepared = query === undefined ? undefined : find(query, wanted);
      if (!prepared || prepared instanceof Refusal) return prepared;
      const { document, operationName, findBadRepresentation } = prepared;
      if (record && operationName !== undefined) record.operation = operationName;
      const problem = findBadRepresentation(variables);
      if (problem !== undefined) return new Refusal(400, 'BAD_USER_INPUT', problem);
      const asked = { schema, document, operationName, variableValues: variables, contextValue };
      const { data, errors, added } = await executeAndFinish(asked, log, finish);
      if (data === undefined) return undefined; // nothing was executed, with these variables
      const all = [...errors.map(formatError), ...added];
      return { ...httpOf(errors), body: { ...(all.length > 0 && { errors: all }), data } };
    },
  };
}

interface Asked<C> extends ExecutionArgs {
  readonly contextValue: C;
}

/** Logs what is masked, then finishes, whatever comes of the execution. */
async function executeAndFinish<C extends WithRequestId>(
  asked: Asked<C>,
  log: Logger,
  finish: NonNullable<Subgraph<C>['finish']>,
) {
  let added: readonly GraphQLFormattedError[] = [];
  let data: ExecutionResult['data'];
  let errors: GraphQLError[] = [];
  try {
    const result = await execute(asked);
    data = result.data;
    errors = (result.errors ?? []).map(asGraphqlError);
    if (data !== undefined && errors.length > 0) logMasked(log, asked.contextValue.requestId, errors);
  } finally {
    added = finish(asked.contextValue);
  }
  return { data, errors, added };
}

/** Parses a valid query. Undefined: it is not valid, or nested so deep that the stack does not suffice to look at it. */
function readValid(schema: GraphQLSchema, text: string): DocumentNode | undefined {
  try {
    const document = parse(text);
    return validate(schema, document, RULES).length > 0 ? undefined : document;
  } catch {
    return undefined;
  }
}

const makeApollo = (schema: GraphQLSchema, log: Logger) =>
  new ApolloServer<WithRequestId>({
    schema,
    logger: log,
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(), // a page for browsers, with scripts of its vendor's, and without a token
      {
        unexpectedErrorProcessingRequest: async ({ requestContext: { contextValue }, error: err }) =>
          log.error({ requestId: contextValue.requestId, err }, 'a request could not be refused'),
        requestDidStart: async ({ contextValue: { requestId } }) => ({
          didResolveOperation: async ({ operation }) => {
            if (operation && operation.operation !== 'query') throw noQuery(operation.operation); // it would be executed
          },
          didEncounterErrors: async ({ errors }) => logMasked(log, requestId, errors.map(asGraphqlError)),
        }),
      },
    ],
    formatError: maskError,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: false, // no cookie is ever looked at here
    introspection: false,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    documentStore: null, // what is valid does not come here
    stopOnTerminationSignals: false,
  });
