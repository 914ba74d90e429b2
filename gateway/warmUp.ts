/**
 * Parses, validates and plans the queries that a supergraph must be able to answer before it is served, so that one which is
 * not ours is noticed, and the first person who asks does not wait for code that has never run, nor hold up everybody else.
 */
import type { ApolloServer } from '@apollo/server';
import { GraphQLError, getIntrospectionQuery } from 'graphql';
import { z } from 'zod';
import { READ_ALL } from '../common/internalToken.ts';
import type { GatewayContext } from './gatewayContext.ts';
import { exampleQueries } from './http/graphiql.ts';
import { newRecord } from './http/requestRecord.ts';
import { SNAPSHOT_OPERATION } from './http/snapshotRoute.ts';
import type { AskedQuery } from './limits/askedQuery.ts';
import type { QueryLimits } from './limits/queryLimits.ts';

const SOME_ID = '00000000-0000-4000-8000-000000000000';
/** Of the whole list: the compiler of the JavaScript engine looks at what has run often. */
const ROUNDS = 3;

/**
 * Asks no subgraph: the questions come from a client that has gone already.
 * @throws Error with the first query that is refused, and why
 */
export async function warmUp(apollo: ApolloServer<GatewayContext>, limits: QueryLimits): Promise<void> {
  const questions = [
    ...exampleQueries().map(({ query, variables }) => ({ query, variables: withIds(variables) })),
    { query: SNAPSHOT_OPERATION, variables: { chat: SOME_ID } },
    { query: getIntrospectionQuery(), variables: {} },
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { query, variables } of questions) {
      warmUpLimits(limits, { query, operationName: undefined, variables, extensions: { persistedQuery: undefined } });
      const { body } = await apollo.executeOperation({ query, variables }, { contextValue: goneContext() });
      const { data, errors } = body.kind === 'single' ? body.singleResult : {};
      if (data === undefined) throw new Error(`It does not answer \`${query.slice(0, 60)}…\`: ${errors?.[0]?.message}`);
    }
  }
}

/** A low MAX_COST may refuse one of the queries; that is the operator's to say, and nothing is wrong with the supergraph. */
function warmUpLimits(limits: QueryLimits, asked: AskedQuery): void {
  try {
    limits.check(asked, newRecord());
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
  }
}

const goneContext = (): GatewayContext => ({
  caller: { sub: 'chat-debug-gateway', roles: [READ_ALL] },
  signal: AbortSignal.abort(),
  budget: { leftMs: () => 0 },
  asked: [],
  requestId: 'warm-up',
  record: newRecord(),
});

/** In place of the words that say what to put there. */
function withIds(variables: string): Record<string, unknown> {
  const placeholders = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
  const named = Object.entries(placeholders.parse(JSON.parse(variables || '{}')));
  return Object.fromEntries(named.map(([name, value]) => [name, Array.isArray(value) ? [SOME_ID] : SOME_ID]));
}
