/** The subgraph of incidents where there is no recorder: each of its fields is null. */
import { randomUUID } from 'node:crypto';
import { inProcess } from '../../routing/transport/inProcess.ts';
import type { RecorderSubgraph } from '../../routing/transport/recorderSubgraph.ts';
import { makeAnswering } from '../../server/graphql/answering.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import type { Logger } from '../../server/log.ts';

const SCHEMA_FILE = new URL('../../subgraphs/recorder/schema.graphql', import.meta.url);

const nothing = () => null;
const resolvers = {
  ...scalars,
  Query: { incidents: nothing, incident: nothing },
  ChatDebugSnapshot: {
    __resolveReference: async ({ chatId }: { chatId: unknown }) => ({ chatId: requireUuid(chatId) }),
    incidents: nothing,
  },
};

export const noRecorder = (log: Logger): RecorderSubgraph => ({
  ask: inProcess({
    answering: makeAnswering({ schemaFile: SCHEMA_FILE, resolvers }, log),
    newContext: ({ requestId = randomUUID() }) => ({ requestId }),
    log,
  }),
  close: async () => {},
});
