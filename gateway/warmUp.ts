/**
 * Parses, validates and plans the queries that a supergraph must be able to answer before it is served, so that one which is
 * not ours is noticed, and the first person who asks does not wait for code that has never run, nor hold up everybody else.
 */
import { GraphQLError, getIntrospectionQuery } from 'graphql';
import { z } from 'zod';
import type { Json } from '../common/json.ts';
import { type GatewayContext, OWN_CALLER } from './gatewayContext.ts';
import { exampleQueries } from './http/graphiql.ts';
import { newRecord } from './http/requestRecord.ts';
import { SNAPSHOT_OPERATION } from './http/snapshotRoute.ts';
import { readOwnOperation } from './queries/operations.ts';
import type { QueryLimits } from './queries/queryLimits.ts';
import type { ServedSupergraph } from './served.ts';

const SOME_ID = '00000000-0000-4000-8000-000000000000';
/** Of the whole list: the compiler of the JavaScript engine looks at what has run often. */
const ROUNDS = 3;

/**
 * Asks no subgraph: the questions come from a client that has gone already.
 * @throws Error with the first query that is refused, and why
 */
export async function warmUp({ limits, operations }: Pick<ServedSupergraph, 'limits' | 'operations'>): Promise<void> {
  const questions = [
    ...exampleQueries().map(({ query, variables }) => ({ query, variables: withIds(variables) })),
    { query: SNAPSHOT_OPERATION, variables: { chat: SOME_ID } },
    { query: getIntrospectionQuery(), variables: {} },
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { query, variables } of questions) {
      const { document, operation } = checkedBy(limits, query, variables) ?? readOwnOperation(query);
      const ready = operations.prepare(document, operation, query);
      if (ready.kind === 'refused') {
        throw new Error(`It does not answer \`${query.slice(0, 60)}…\`: ${ready.errors[0]?.message}`);
      }
      await operations.answer(ready, { variables }, goneContext());
    }
  }
}

/** A low MAX_COST may refuse one of the queries; that is the operator's to say, and nothing is wrong with the supergraph. */
function checkedBy(limits: QueryLimits, query: string, variables: Readonly<Json>) {
  try {
    return limits.check({ query, variables, extensions: {} }, newRecord());
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return undefined;
  }
}

const goneContext = (): GatewayContext => ({
  caller: OWN_CALLER,
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
