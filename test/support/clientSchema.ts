/** The schema as clients see it, to check their operations with. */
import type { GraphQLSchema } from 'graphql';
import { makeLogger } from '../../common/log.ts';
import { makeApolloGateway, readSupergraph } from '../../gateway/supergraph.ts';

/** Of the supergraph that is checked in; nothing can be executed. */
export async function clientSchema(): Promise<GraphQLSchema> {
  const gateway = makeApolloGateway({
    supergraphSdl: readSupergraph(undefined),
    dataSource: () => ({ process: () => Promise.reject(new Error('Nothing is executed here')) }),
    log: makeLogger('gateway', 'silent'),
  });
  const { schema } = await gateway.load();
  await gateway.stop();
  return schema;
}
