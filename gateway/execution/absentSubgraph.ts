/** A subgraph whose process is not there: its resolvers run here, and ask nobody. */
import { randomUUID } from 'node:crypto';
import { inProcess } from '../../routing/transport/inProcess.ts';
import { makeAnswering, type Resolvers } from '../../server/graphql/answering.ts';
import type { Logger } from '../../server/log.ts';

/** @param schemaFile schema of the subgraph */
export const absentSubgraph = (schemaFile: URL, resolvers: Resolvers, log: Logger) => ({
  ask: inProcess({
    answering: makeAnswering({ schemaFile, resolvers }, log),
    newContext: ({ requestId = randomUUID() }) => ({ requestId }),
    log,
  }),
  close: async () => {},
});
