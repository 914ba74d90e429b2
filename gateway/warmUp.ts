/**
 * The warm-up: parses, validates and plans the queries that a supergraph must answer before it is served.
 * A foreign supergraph is noticed, and the first person does not wait for code that has never run.
 */
import { getIntrospectionQuery } from 'graphql';
import * as z from 'zod';
import type { RoutingContext } from '../routing/ask/routingContext.ts';
import { OWN_CALLER } from '../server/tokens/internalToken.ts';
import { exampleQueries } from './http/graphiql.ts';
import type { Queries } from './queries/answer.ts';
import { SNAPSHOT_OPERATION } from './queries/snapshotOperation.ts';

const SOME_ID = '00000000-0000-4000-8000-000000000000';
/** Rounds through all queries: the compiler of the JavaScript engine looks at what has run often. */
const ROUNDS = 3;

/**
 * Tries the queries without asking a subgraph: the questions come from a client that has gone already.
 * @throws Error with the first query that is refused, and why
 */
export async function warmUp({ answer, ask }: Queries): Promise<void> {
  const questions = [
    ...exampleQueries().map(({ query, variables }) => ({ query, variables: withIds(variables) })),
    { query: SNAPSHOT_OPERATION, variables: { chat: SOME_ID } },
  ];
  await tryOne(ask, getIntrospectionQuery(), {}); // once: it takes as long as all others together, and is seldom asked
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { query, variables } of questions) {
      await answer({ query, variables }, goneContext()); // a low MAX_COST may refuse it, which is the operator's to say
      await tryOne(ask, query, variables);
    }
  }
}

/** @throws Error if the query is not answered, or is refused */
async function tryOne(ask: Queries['ask'], query: string, variables: Record<string, unknown>): Promise<void> {
  const { body } = await ask(query, variables, goneContext()).catch((cause: unknown) => {
    throw new Error(`It does not answer \`${query.slice(0, 60)}…\`: ${cause}`, { cause });
  });
  if (body.data === undefined) throw new Error(`It refuses \`${query.slice(0, 60)}…\`: ${body.errors?.[0]?.message}`);
}

const goneContext = (): RoutingContext => ({
  caller: OWN_CALLER,
  signal: AbortSignal.abort(),
  budget: { leftMs: () => 0 },
  asked: [],
  requestId: 'warm-up',
});

/** Variables of an example, with an id in place of the words that say what to put there. */
function withIds(variables: string): Record<string, unknown> {
  const placeholders = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
  const named = Object.entries(placeholders.parse(JSON.parse(variables || '{}')));
  return Object.fromEntries(named.map(([name, value]) => [name, Array.isArray(value) ? [SOME_ID] : SOME_ID]));
}
