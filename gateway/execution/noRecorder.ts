/** The subgraph of incidents where there is no recorder: each of its fields is null. */
import type { RecorderSubgraph } from '../../routing/transport/recorderSubgraph.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import type { Logger } from '../../server/log.ts';
import { absentSubgraph } from './absentSubgraph.ts';

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

export const noRecorder = (log: Logger): RecorderSubgraph => absentSubgraph(SCHEMA_FILE, resolvers, log);
