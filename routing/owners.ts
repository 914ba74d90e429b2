/** The owners of chats now, read from the database subgraph as the caller, whose rights so hold here too. */
import * as z from 'zod';
import type { Json } from '../common/json.ts';
import type { StopSignal } from '../common/stopSignal.ts';
import { parseUuid } from '../common/uuid.ts';
import type { GraphqlBody } from '../server/graphql/question.ts';
import type { Logger } from '../server/log.ts';
import type { RoutingContext } from './ask/routingContext.ts';
import type { Representation } from './ask/share.ts';
import type { DatabaseSubgraph } from './transport/databaseSubgraph.ts';

/** Facts that the router must be told of the things that replicas own, since it knows no type by name. */
export interface Owners {
  /**
   * Reads the replica that each representation belongs to now, in their order and in lower case. Null: to none. Undefined in the
   * list: not known, or not for the caller. Undefined in place of it: nobody says. Never rejects; settled once `signal` aborts.
   */
  read(
    representations: readonly Representation[],
    context: Pick<RoutingContext, 'caller' | 'requestId'>,
    signal: StopSignal,
  ): Promise<readonly (string | null | undefined)[] | undefined>;
  /** True if an answer about the representation, its fields read by name, says that another replica gave it. */
  isOfAnother(representation: Representation, fieldOf: (name: string) => unknown): boolean;
  /** Fields, by name, that say that of an answer which the replica `to` gave in place of the one asked. */
  fieldsOfMove(to: string): Readonly<Json>;
}

/** Limit for one list in a request. */
const MAX_CHATS = 100;

const chat = z.object({ chatId: z.string(), runtime: z.object({ workerId: z.string() }).nullable() });
const answer = z.object({
  data: z.record(z.string(), z.array(chat.nullable())),
  errors: z.undefined().optional(),
});

/** The owners of whatever has a `chatId`. One request reads all. */
export function makeChatOwners(database: DatabaseSubgraph, log: Logger): Owners {
  return {
    read: async (representations, { caller, requestId }, signal) => {
      const ids = representations.map(({ chatId }) => parseUuid(chatId));
      const known = [...new Set(ids.flatMap((id) => id ?? []))];
      if (known.length === 0) return ids.map(() => undefined);
      const reply = await database.ask(questionAbout(known), { caller, requestId, signal });
      const read = reply.status === 'OK' ? answer.safeParse(reply.body) : undefined;
      if (!read?.success) {
        if (!signal.aborted) log.warn({ requestId, posted: reply.what }, 'the owners of chats could not be read');
        return undefined;
      }
      const chats = Object.values(read.data.data).flatMap((list) => list.flatMap((one) => one ?? []));
      const owners = new Map(chats.map(({ chatId, runtime }) => [chatId, runtime?.workerId.toLowerCase() ?? null]));
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

/** The same text for as many lists, which the subgraph has read then. @param ids checked ones */
function questionAbout(ids: readonly string[]): GraphqlBody {
  const variables: Record<string, readonly string[]> = {};
  for (let begin = 0; begin < ids.length; begin += MAX_CHATS)
    variables[`l${begin}`] = ids.slice(begin, begin + MAX_CHATS);
  const names = Object.keys(variables);
  const declared = names.map((name) => `$${name}: [UUID!]!`).join(', ');
  const lists = names.map((name) => `${name}: chatDebugSnapshots(chatIds: $${name}) { chatId runtime { workerId } }`);
  return { query: `query (${declared}) { ${lists.join(' ')} }`, variables };
}
