/** The data source of the database subgraph. What goes wrong becomes one error with a code; it never throws. */
import { isObject } from '../../common/json.ts';
import type { DatabaseSubgraph } from '../../routing/transport/databaseSubgraph.ts';
import { describePosted, type Posted } from '../../routing/transport/postGraphql.ts';
import { readErrors } from '../../routing/transport/subgraphErrors.ts';
import type { Logger } from '../../server/log.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import type { AskSubgraph, SubgraphAnswer } from './subgraph.ts';

/** Answers with these statuses carry the subgraph's own errors; 400 is what it finds wrong with the request. */
const GRAPHQL_STATUS = [200, 400];

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
export function readSubgraphAnswer(posted: Posted): SubgraphAnswer | undefined {
  if (posted.kind !== 'json' || !GRAPHQL_STATUS.includes(posted.status) || !isObject(posted.body)) return undefined;
  const { data, errors } = posted.body;
  if (!isObject(data) && data !== null && data !== undefined) return undefined;
  const told = readErrors(errors);
  if (told.length > 0) return { data, errors: told };
  return data ? { data } : undefined;
}
