/** A schema and its resolvers become something that answers operations, whoever hands them over and takes the answers. */
import { readFileSync } from 'node:fs';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import { execute, type GraphQLFormattedError, parse } from 'graphql';
import type { Logger } from '../log.ts';
import { maskError } from './errors.ts';
import { asGraphqlError, formatError, type HttpHead, httpOf } from './executionErrors.ts';
import { logMasked } from './maskedErrors.ts';
import { answerText, type GraphqlBody } from './ordinaryRequest.ts';
import { makePrepare } from './prepare.ts';
import { representationCheckPlugin } from './representations.ts';

/** In the log, of a request that none of its operations' errors explains. */
export const UNANSWERED = 'a request could not be answered';

/** What the context of each operation tells. */
export interface WithRequestId {
  readonly requestId: string;
}

export interface Subgraph<C extends WithRequestId> {
  /** The subgraph's schema file. */
  readonly schemaFile: URL;
  readonly resolvers: NonNullable<GraphQLSchemaModule['resolvers']>;
  /** Called once for each context, when its answer is complete. @returns errors to add, as they are */
  readonly finish?: ((context: C) => readonly GraphQLFormattedError[]) | undefined;
}

/** Of an operation that was executed. */
export interface Answer extends HttpHead {
  readonly body: {
    readonly errors?: readonly GraphQLFormattedError[];
    readonly data: Record<string, unknown> | null;
  };
}

export interface Answering<C extends WithRequestId> {
  /**
   * Answers an ordinary question. Documents are parsed and validated once, `_entities` is asked for entities only, and errors
   * are masked, all as Apollo Server does it, without its hooks.
   * @returns undefined for any other question, and for one that is not in order: that is for `apollo` to answer
   */
  answer(question: GraphqlBody, context: C): Promise<Answer | undefined>;
  /** Not started: whoever makes it starts and stops it. */
  readonly apollo: ApolloServer<C>;
}

/**
 * @param log takes what went wrong and is masked
 * @param plugins for what Apollo Server answers itself
 */
export function makeAnswering<C extends WithRequestId>(
  { schemaFile, resolvers, finish = () => [] }: Subgraph<C>,
  log: Logger,
  plugins: readonly ApolloServerPlugin<C>[] = [],
): Answering<C> {
  const typeDefs = parse(readFileSync(schemaFile, 'utf8'), { noLocation: true });
  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  const prepare = makePrepare(schema);
  const told: ApolloServerPlugin<C> = {
    unexpectedErrorProcessingRequest: async ({ requestContext, error: err }) =>
      log.error({ requestId: requestContext.contextValue.requestId, err }, UNANSWERED),
    requestDidStart: async ({ contextValue }) => ({
      didEncounterErrors: async ({ errors }) => logMasked(log, contextValue.requestId, errors.map(asGraphqlError)),
      willSendResponse: async ({ response: { body } }) => {
        const added = finish(contextValue);
        if (body.kind !== 'single' || added.length === 0) return;
        body.singleResult.errors = [...(body.singleResult.errors ?? []), ...added];
      },
    }),
  };
  const apollo = new ApolloServer<C>({
    schema,
    logger: log,
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(), // it looks at every field to find that nothing may be stored
      ApolloServerPluginLandingPageDisabled(), // a page for browsers, with scripts of its vendor's, and without a token
      representationCheckPlugin(),
      told,
      ...plugins,
    ],
    formatError: maskError,
    stringifyResult: (answer) => {
      try {
        return answerText(answer);
      } catch (err) {
        log.error({ err }, UNANSWERED); // no hook is told of it
        throw err;
      }
    },
    includeStacktraceInErrorResponses: false,
    csrfPrevention: false, // no cookie is ever looked at here
    introspection: false,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
  });
  return {
    apollo,
    answer: async (question, contextValue) => {
      const document = prepare(question);
      if (!document) return undefined;
      const { variables: variableValues } = question;
      const result = await execute({ schema, document, variableValues, contextValue });
      const { data } = result;
      if (data === undefined) return undefined; // nothing was executed, with these variables
      const errors = (result.errors ?? []).map(asGraphqlError);
      if (errors.length > 0) logMasked(log, contextValue.requestId, errors);
      const added = finish(contextValue);
      const all = [...errors.map(formatError), ...added];
      return { ...httpOf(errors), body: { ...(all.length > 0 && { errors: all }), data } };
    },
  };
}
