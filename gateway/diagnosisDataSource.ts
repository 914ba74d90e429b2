/** The diagnosis subgraph inside this process: no request leaves it but the one second reading of chats that look stuck. */
import type { GraphQLDataSource } from '@apollo/gateway';
import { graphql } from 'graphql';
import type { DiagnosisSettings } from '../subgraphs/diagnosis/diagnosis.ts';
import type { DiagnosisContext } from '../subgraphs/diagnosis/resolvers.ts';
import { makeDiagnosisSchema } from '../subgraphs/diagnosis/schema.ts';
import type { GatewayContext } from './gatewayContext.ts';
import type { MakeReread } from './reread.ts';

export function makeDiagnosisDataSource(
  settings: DiagnosisSettings,
  makeReread: MakeReread,
): GraphQLDataSource<GatewayContext> {
  const schema = makeDiagnosisSchema();
  type Answer = Awaited<ReturnType<GraphQLDataSource<GatewayContext>['process']>>;
  return {
    process: async ({ request, context }) => {
      const ofRequest = context as GatewayContext;
      const contextValue: DiagnosisContext = { caller: ofRequest.caller, settings, reread: makeReread(ofRequest) };
      const answer = await graphql({
        schema,
        source: request.query ?? '',
        variableValues: request.variables,
        operationName: request.operationName,
        contextValue,
      });
      return answer as Answer;
    },
  };
}
