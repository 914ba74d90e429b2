/** The data source of the database subgraph. What goes wrong becomes one error with a code; it never throws. */
import { z } from 'zod';
import { isObject, type Json } from '../common/json.ts';
import type { Logger } from '../common/log.ts';
import type { AskSubgraph, SubgraphAnswer } from './execution/subgraph.ts';
import type { GatewayContext } from './gatewayContext.ts';
import type { DatabaseSubgraph } from './routing/databaseSubgraph.ts';
import { describePosted, type Posted } from './routing/postGraphql.ts';

/** Answers with these statuses carry the subgraph's own errors; 400 is what it finds wrong with the request. */
const GRAPHQL_STATUS = [200, 400];

/** What is no path, or says nothing that can be read, is as good as none. */
const graphqlError = z
  .looseObject({
    message: z.string(),
    path: z
      .array(z.union([z.string(), z.number()]))
      .optional()
      .catch(undefined),
    extensions: z.record(z.string(), z.unknown()).optional().catch(undefined),
  })
  .transform(({ path, extensions, ...error }) => ({
    ...error,
    ...(path && { path }),
    ...(extensions && { extensions }),
  }));

const graphqlAnswer = z.object({
  data: z.custom<Json>(isObject).nullish(), // a record would lose what a client calls `__proto__`
  errors: z.array(graphqlError).optional(),
});

export function makeSubgraphDataSource(database: DatabaseSubgraph, log: Logger): AskSubgraph<GatewayContext> {
  return async (request, context) => {
    const posted = await database.ask(request, context);
    const answer = readSubgraphAnswer(posted);
    if (answer) return answer;
    const { requestId, signal } = context;
    if (!signal.aborted)
      log.error({ requestId, subgraph: 'database', posted: describePosted(posted) }, 'a subgraph did not answer');
    return unavailable;
  };
}

const unavailable: SubgraphAnswer = {
  data: null,
  errors: [{ message: 'The database did not answer. Try again.', extensions: { code: 'DATABASE_UNAVAILABLE' } }],
};

/** Undefined: no answer to a GraphQL request, or one that says nothing. */
export function readSubgraphAnswer(posted: Posted): z.infer<typeof graphqlAnswer> | undefined {
  if (posted.kind !== 'json' || !GRAPHQL_STATUS.includes(posted.status)) return undefined;
  const data = dataAlone(posted.body);
  if (data) return { data };
  const answer = graphqlAnswer.safeParse(posted.body);
  const saysSomething = answer.success && (answer.data.data || answer.data.errors?.length);
  return saysSomething ? answer.data : undefined;
}

/** The data of an answer without errors, as almost all are: `graphqlAnswer` finds the same, for several microseconds more. */
function dataAlone(body: unknown): Json | undefined {
  if (!isObject(body) || Object.hasOwn(body, 'errors')) return undefined;
  const { data } = body;
  return isObject(data) ? data : undefined;
}
