/** The composed schema and the gateway that plans over it. */
import { readFileSync } from 'node:fs';
import { ApolloGateway, type GraphQLDataSource } from '@apollo/gateway';
import { SettingsError, switchOffVendorTelemetry } from '../common/config.ts';
import type { Logger } from '../common/log.ts';
import type { GatewayContext } from './gatewayContext.ts';

/**
 * @param path unset: the file that `npm run compose` writes
 * @throws SettingsError if the file cannot be read
 */
export function readSupergraph(path: string | undefined): string {
  try {
    return readFileSync(path ?? new URL('./supergraph.graphql', import.meta.url), 'utf8');
  } catch (error) {
    throw new SettingsError(`SUPERGRAPH_PATH: cannot read ${path ?? 'gateway/supergraph.graphql'}. ${error}`);
  }
}

export interface GatewayParts {
  readonly supergraphSdl: string;
  /** The data source of the subgraph with this name; `url` is the one in the supergraph. @throws Error if it is not known */
  readonly dataSource: (name: string, url: string) => GraphQLDataSource<GatewayContext>;
  readonly log: Logger;
}

/** The plan of each request is left in its context. */
export function makeApolloGateway({ supergraphSdl, dataSource, log }: GatewayParts): ApolloGateway {
  switchOffVendorTelemetry();
  return new ApolloGateway({
    supergraphSdl,
    buildService: ({ name, url }) => dataSource(name, url ?? '') as GraphQLDataSource,
    logger: log,
    validateSupergraph: true,
    __exposeQueryPlanExperimental: false, // to whoever sends a header
    experimental_didResolveQueryPlan: ({ queryPlan, requestContext }) => {
      (requestContext.context as GatewayContext).queryPlan = queryPlan;
    },
  });
}
