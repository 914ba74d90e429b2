/** The router as a data source of Apollo's gateway. */
import type { GraphQLDataSource } from '@apollo/gateway';
import type { GatewayContext } from './gatewayContext.ts';
import type { RouteEntities } from './routing/routeEntities.ts';

type Answer = Awaited<ReturnType<GraphQLDataSource<GatewayContext>['process']>>;

export const makeReplicaDataSource = (routeEntities: RouteEntities): GraphQLDataSource<GatewayContext> => ({
  process: async ({ request, context }) =>
    (await routeEntities(request, context as GatewayContext)) as unknown as Answer,
});
