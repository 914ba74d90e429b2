/** A schema and its resolvers become something that answers operations, whoever hands them over and takes the answers. */
import { readFileSync } from 'node:fs';
import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import { parse } from 'graphql';
import { maskError } from './errors.ts';
import { representationCheckPlugin } from './representations.ts';

export interface Subgraph<C extends BaseContext> {
  /** The subgraph's schema file. */
  readonly schemaFile: URL;
  readonly resolvers: NonNullable<GraphQLSchemaModule['resolvers']>;
  readonly plugins?: readonly ApolloServerPlugin<C>[] | undefined;
}

/** Documents are parsed and validated once; errors are masked; `_entities` is asked for entities only. Whoever makes it starts and stops it. */
export const makeAnswering = <C extends BaseContext>({ schemaFile, resolvers, plugins = [] }: Subgraph<C>) =>
  new ApolloServer<C>({
    schema: buildSubgraphSchema([
      { typeDefs: parse(readFileSync(schemaFile, 'utf8'), { noLocation: true }), resolvers },
    ]),
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(), // it looks at every field to find that nothing may be stored
      ApolloServerPluginLandingPageDisabled(), // a page for browsers, with scripts of its vendor's, and without a token
      representationCheckPlugin(),
      ...plugins,
    ],
    formatError: maskError,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: false, // no cookie is ever looked at here
    introspection: false,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
  });
