/** Which replicas own chats now: read from the database subgraph as the caller, whose rights so hold here too. */
import { z } from 'zod';
import type { Json } from '../common/json.ts';
import type { StopSignal } from '../common/stopSignal.ts';
import { parseUuid } from '../server/graphql/scalars.ts';
import type { Logger } from '../server/log.ts';
import type { RoutingContext } from './ask/routingContext.ts';
import type { Representation } from './ask/share.ts';
import type { DatabaseSubgraph } from './transport/databaseSubgraph.ts';

/** What the router must be told of the things that replicas own, since it knows no type by name. */
export interface Owners {
  /**
   * As many as representations, in their order: the replica that each belongs to now, in lower case; null: to none; undefined:
   * not known, or not for the caller. Never rejects; settled once `signal` aborts.
   */
  read(
    representations: readonly Representation[],
    context: Pick<RoutingContext, 'caller' | 'requestId'>,
    signal: StopSignal,
  ): Promise<readonly (string | null | undefined)[]>;
  /** Whether an answer about the representation, its fields read by name, says that another replica gave it than the one asked. */
  isOfAnother(representation: Representation, fieldOf: (name: string) => unknown): boolean;
  /** Fields, by name, that say that of an answer which the replica `to` gave in place of the one asked. */
  fieldsOfMove(to: string): Readonly<Json>;
}

/** Limit for one list in a request. */
const MAX_CHATS = 100;

const chat = z.object({ chatId: z.string(), database: z.object({ workerId: z.string().nullable() }) });
const answer = z.object({
  data: z.record(z.string(), z.array(chat.nullable())),
  errors: z.undefined().optional(),
});

/** The owners of whatever has a `chatId`. One request reads all. */
export function makeChatOwners(database: DatabaseSubgraph, log: Logger): Owners {
  return {
    read: async (representations, { caller, requestId }, signal) => {
      const ids = representations.map(({ chatId }) => parseUuid(chatId));
      const query = queryFor([...new Set(ids.flatMap((id) => id ?? []))]);
      const reply = await database.ask({ query }, { caller, requestId, signal });
      const read = reply.status === 'OK' ? answer.safeParse(reply.body) : undefined;
      if (!read?.success) {
        if (!signal.aborted) log.warn({ requestId, posted: reply.what }, 'the owners of chats could not be read');
        return ids.map(() => undefined);
      }
      const chats = Object.values(read.data.data).flatMap((list) => list.flatMap((one) => one ?? []));
      const owners = new Map(chats.map(({ chatId, database }) => [chatId, database.workerId?.toLowerCase() ?? null]));
      return ids.map((id) => (id === undefined ? undefined : owners.get(id)));
    },
    isOfAnother: ({ workerId }, fieldOf) => {
      if (fieldOf('workerIdMatchesLocal') === false) return true;
      const local = fieldOf('localWorkerId');
      return typeof local === 'string' && local !== workerId && local.toLowerCase() !== String(workerId).toLowerCase();
    },
    fieldsOfMove: (to) => ({ localWorkerId: to, workerIdMatchesLocal: false }),
  };
}

/** @param ids checked ones */
function queryFor(ids: readonly string[]): string {
  const lists: string[] = [];
  for (let begin = 0; begin < ids.length; begin += MAX_CHATS) {
    const list = JSON.stringify(ids.slice(begin, begin + MAX_CHATS));
    lists.push(`l${begin}: chatDebugSnapshots(chatIds: ${list}) { chatId database { workerId } }`);
  }
  return `{ ${lists.join(' ') || '__typename'} }`;
}
