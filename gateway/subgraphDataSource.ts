/** The data source of a subgraph that one server answers. What goes wrong becomes one error with a code; it never throws. */
import type { GraphQLDataSource } from '@apollo/gateway';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { deadlineSignal } from '../common/clock.ts';
import { signInternalToken } from '../common/internalToken.ts';
import type { Logger } from '../common/log.ts';
import type { GatewayContext } from './gatewayContext.ts';
import { describePosted, type Posted, postGraphql } from './routing/postGraphql.ts';

/** Answers with these statuses carry the subgraph's own errors; 400 is what it finds wrong with the request. */
const GRAPHQL_STATUS = [200, 400];

const graphqlAnswer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ message: z.string() }).loose()).optional(),
});

export interface SubgraphDataSourceOptions {
  /** Its name in the supergraph, which is the audience of its tokens. */
  readonly name: string;
  readonly url: URL;
  readonly dispatcher: Dispatcher;
  readonly internalSecret: string;
  readonly timeoutMs: number;
  readonly log: Logger;
}

export function makeSubgraphDataSource(options: SubgraphDataSourceOptions): GraphQLDataSource<GatewayContext> {
  const { name, url, dispatcher, internalSecret, timeoutMs, log } = options;
  type Answer = Awaited<ReturnType<GraphQLDataSource<GatewayContext>['process']>>;
  return {
    process: async ({ request, context }) => {
      const { caller, signal, requestId } = context as GatewayContext;
      const deadline = deadlineSignal(timeoutMs, signal);
      try {
        const { query, variables, operationName } = request;
        const token = await signInternalToken(internalSecret, name, caller);
        const body = { query, variables, operationName };
        const headers = { 'x-request-id': requestId };
        const posted = await postGraphql({
          dispatcher,
          url,
          token,
          headers,
          peer: name,
          body,
          signal: deadline.signal,
        });
        const answer = read(posted);
        if (answer) return answer as Answer;
        if (!signal.aborted)
          log.error({ requestId, subgraph: name, posted: describePosted(posted) }, 'a subgraph did not answer');
        return unavailable as unknown as Answer;
      } finally {
        deadline.clear();
      }
    },
  };
}

const unavailable = {
  data: null,
  errors: [{ message: 'The database did not answer. Try again.', extensions: { code: 'DATABASE_UNAVAILABLE' } }],
};

function read(posted: Posted) {
  if (posted.kind !== 'json' || !GRAPHQL_STATUS.includes(posted.status)) return undefined;
  const answer = graphqlAnswer.safeParse(posted.body);
  const saysSomething = answer.success && (answer.data.data || answer.data.errors?.length);
  return saysSomething ? answer.data : undefined;
}
