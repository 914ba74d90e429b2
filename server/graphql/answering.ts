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
  execute as executeSerially,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getVariableValues,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { Json } from '../../common/json.ts';
import type { Logger } from '../log.ts';
import { mutationInUrl, Refusal } from './answer.ts';
import type { GraphqlService } from './edge.ts';
import { asGraphqlError, formatError, httpOf, maskError, noQuery } from './errors.ts';
import { compileExecution, type Execute, type Execution } from './execution.ts';
import { logMasked } from './maskedErrors.ts';
import { makePreparedQueries } from './preparedQueries.ts';
import { compileRepresentationCheck } from './representations.ts';
import { refuseConditionalRoot } from './subscriptionRoot.ts';

/** Limit for all queries that are kept, together: the questions of one gateway are some dozens. */
const MAX_KEPT_CHARACTERS = 200_000;
const RULES = [...specifiedRules, NoSchemaIntrospectionCustomRule];

/** Context of an operation. */
export interface WithRequestId {
  readonly requestId: string;
}

/** Resolvers by type and field. */
export type Resolvers = NonNullable<GraphQLSchemaModule['resolvers']>;

export interface Subgraph<C extends WithRequestId> {
  /** Schema file of the subgraph. */
  readonly schemaFile: URL;
  readonly resolvers: Resolvers;
  /** Called for each context in which an operation was executed, or is not waited for any more. @returns errors to add, as they are */
  readonly finish?: ((context: C) => readonly GraphQLFormattedError[]) | undefined;
}

export interface Answering<C extends WithRequestId> extends GraphqlService<C> {
  readonly schema: GraphQLSchema;
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
      if (operation.operation === 'subscription' || !schema.getRootType(operation.operation)) return undefined;
      const isMutation = operation.operation === 'mutation';
      const operationName = operation.name?.value;
      return {
        ...{ operationName, isMutation },
        variablesOf: (received: Readonly<Json>) =>
          getVariableValues(schema, operation.variableDefinitions ?? [], received, { maxErrors: 1 }),
        findBadRepresentation: compileRepresentationCheck(schema, document, operation),
        execute: isMutation
          ? oneByOne<C>(schema, document, operationName)
          : compileExecution<C>(schema, document, operation),
      };
    },
  });
  return {
    schema,
    apollo: makeApollo(schema, log),
    answer: async ({ query, operationName: wanted, variables: received = {}, isInUrl }, context, record) => {
      const prepared = query === undefined ? undefined : find(query, wanted);
      if (!prepared || prepared instanceof Refusal) return prepared;
      const { operationName, isMutation, variablesOf, findBadRepresentation, execute } = prepared;
      if (record && operationName !== undefined) record.operation = operationName;
      if (isMutation && isInUrl) return mutationInUrl();
      const { coerced: variables, errors: bad } = variablesOf(received);
      if (isMutation && bad?.[0]) return new Refusal(400, 'BAD_USER_INPUT', bad[0].message);
      const problem = variables && findBadRepresentation(variables);
      if (problem !== undefined) return new Refusal(400, 'BAD_USER_INPUT', problem);
      const run = async () => variables && execute(variables, context);
      const finished = await executeAndFinish(run, context, log, finish);
      if (!finished) return undefined; // nothing was executed, with these variables
      const { data, errors, added } = finished;
      const all = [...errors.map(formatError), ...added];
      return { ...httpOf(errors), body: { ...(all.length > 0 && { errors: all }), data } };
    },
  };
}

/** Executes a mutation: its root fields run one after the other (GraphQL specification, "Mutation"). */
const oneByOne =
  <C>(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): Execute<C> =>
  async (variableValues, contextValue) => {
    const { data = null, errors = [] } = await executeSerially({
      ...{ schema, document, operationName, contextValue },
      variableValues: { ...variableValues },
    });
    return { data: data as Json | null, errors };
  };

/** Logs what is masked, then finishes, whatever comes of the execution. */
async function executeAndFinish<C extends WithRequestId>(
  execute: () => Promise<Execution | undefined>,
  context: C,
  log: Logger,
  finish: NonNullable<Subgraph<C>['finish']>,
) {
  let added: readonly GraphQLFormattedError[] = [];
  let executed: Execution | undefined;
  let errors: GraphQLError[] = [];
  try {
    executed = await execute();
    errors = executed?.errors.map(asGraphqlError) ?? [];
    if (errors.length > 0) logMasked(log, context.requestId, errors);
  } finally {
    added = finish(context);
  }
  return executed && { data: executed.data, errors, added };
}

/** Parses a valid query. Undefined: it is not valid, or nested so deep that the stack does not suffice to look at it. */
function readValid(schema: GraphQLSchema, text: string): DocumentNode | Refusal | undefined {
  try {
    const document = parse(text);
    const refused = refuseConditionalRoot(document);
    if (refused) return refused;
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
