/**
 * What a client is told of how its request was answered, when its `extensions` ask for it: `"routing": true` gives what each
 * replica was asked, `"queryPlan": true` the plan, which only an operator may see. For anyone else an error says so, beside
 * data that is as whole as without it.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import { mayReadAll, READ_ALL } from '../common/internalToken.ts';
import type { GatewayContext } from './gatewayContext.ts';

export function reportPlugin(): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: async () => ({
      willSendResponse: async ({ request, response, contextValue }) => {
        if (response.body.kind !== 'single') return;
        const result = response.body.singleResult;
        if (result.data === undefined) return; // it was refused as a whole
        const isPlanAsked = request.extensions?.queryPlan === true;
        const report = {
          ...(request.extensions?.routing === true && { routing: contextValue.asked }),
          ...(isPlanAsked && mayReadAll(contextValue.caller) && { queryPlan: readable(contextValue.queryPlan) }),
        };
        if (Object.keys(report).length > 0) result.extensions = { ...result.extensions, ...report };
        if (isPlanAsked && !mayReadAll(contextValue.caller)) result.errors = [...(result.errors ?? []), forbidden];
      },
    }),
  };
}

/** Without the parsed form of the operations that are in it as text. */
const readable = (queryPlan: unknown): unknown =>
  JSON.parse(JSON.stringify(queryPlan ?? null, (key, value) => (key === 'operationDocumentNode' ? undefined : value)));

const forbidden: GraphQLFormattedError = {
  message: `The query plan needs the role ${READ_ALL}. All else is answered.`,
  extensions: { code: 'FORBIDDEN' },
};
