/** The subgraph of a replica whose one field does what a test wants, on a free port. Its value may be anything. */
import { GraphQLScalarType } from 'graphql';
import { systemClock as clock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import type { WithRequestId } from '../../server/graphql/answering.ts';
import { type SubgraphOptions, serveSubgraph } from '../../server/graphql/serve.ts';
import { resolvers } from '../../subgraphs/runtime/resolvers.ts';

type Options = SubgraphOptions<WithRequestId>;

/** @param startedAt resolves the field, of an entity with this key */
export const serveOdd = (
  startedAt: (key: { workerId: string }) => unknown,
  options: Pick<Options, 'context' | 'log'> & Partial<Options>,
): Promise<RunningServer> =>
  serveSubgraph<WithRequestId>({
    schemaFile: new URL('../../subgraphs/runtime/schema.graphql', import.meta.url),
    resolvers: {
      ...resolvers,
      DateTime: new GraphQLScalarType({ name: 'DateTime', serialize: (value) => value }),
      ReplicaRuntime: {
        __resolveReference: async ({ workerId }: { workerId: string }) => ({ workerId }),
        startedAt,
      },
    },
    authorize: async () => ({ sub: 'the gateway', roles: [] }),
    notReady: () => undefined,
    ...{ clock, host: '127.0.0.1', port: 0 },
    ...options,
  });
