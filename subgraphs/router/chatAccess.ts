/**
 * What a caller may ask replicas when nobody has checked it before: a chat that it may read, of the replica that owns it. The
 * database subgraph decides, since it decides about the other half of the chat too; one question serves a whole fetch. What is
 * refused looks the same whether the chat is somebody else's, is not there, or is owned elsewhere.
 */
import { z } from 'zod';
import { deadlineStop } from '../../common/clock.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { Representation } from '../../routing/ask/share.ts';
import type { CheckAccess } from '../../routing/route.ts';
import type { DatabaseSubgraph } from '../../routing/transport/databaseSubgraph.ts';
import { parseUuid } from '../../server/graphql/scalars.ts';
import type { Logger } from '../../server/log.ts';
import { mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';

/** Never rejects. A caller with the role may ask everything, and costs no question. */
export function makeCheckAccess(database: DatabaseSubgraph, log: Logger): CheckAccess {
  return async (representations, context) => {
    if (mayReadAll(context.caller)) return representations.map(() => undefined);
    const owners = await readOwners(database, log, representations, context);
    return representations.map(({ chatId, workerId }) => {
      if (chatId === undefined) return notAsked('REFUSED', `Asking a replica as a whole needs the role ${READ_ALL}.`);
      if (!owners) return notAsked('UNREACHABLE', 'Whether the caller may read the chat could not be found out.');
      const id = parseUuid(chatId);
      const owner = id === undefined ? undefined : owners.get(id);
      return owner !== undefined && owner === parseUuid(workerId) ? undefined : refused;
    });
  };
}

const notAsked = (status: 'REFUSED' | 'UNREACHABLE', reason: string) => ({
  status,
  reason: `${reason} Nothing was sent.`,
});
const refused = notAsked('REFUSED', 'It owns no chat with this id that the caller may read.');

const answer = z.object({
  data: z.object({
    _entities: z.array(
      z.object({ chatId: z.string(), runtime: z.object({ workerId: z.string() }).nullable() }).nullable(),
    ),
  }),
  errors: z.undefined().optional(),
});

const QUERY = `query ($chats: [_Any!]!) {
  _entities(representations: $chats) { ... on ChatDebugSnapshot { chatId runtime { workerId } } }
}`;

/** Owners by chat, of the chats that the caller may read and that have one; undefined: the database subgraph did not say. */
async function readOwners(
  database: DatabaseSubgraph,
  log: Logger,
  representations: readonly Representation[],
  { budget, caller, requestId, signal }: RoutingContext,
): Promise<ReadonlyMap<string, string | undefined> | undefined> {
  const ids = [...new Set(representations.flatMap(({ chatId }) => parseUuid(chatId) ?? []))];
  if (ids.length === 0) return new Map();
  const deadline = deadlineStop(budget.leftMs(), signal);
  try {
    const chats = ids.map((chatId) => ({ __typename: 'ChatDebugSnapshot', chatId }));
    const asking = { caller, requestId, signal: deadline.signal };
    const reply = await database.ask({ query: QUERY, variables: { chats } }, asking);
    const read = reply.status === 'OK' ? answer.safeParse(reply.body) : undefined;
    if (!read?.success) {
      if (!signal.aborted) log.error({ requestId, posted: reply.what }, 'the access to chats could not be checked');
      return undefined;
    }
    return new Map(read.data.data._entities.map((chat) => [chat?.chatId ?? '', parseUuid(chat?.runtime?.workerId)]));
  } finally {
    deadline.clear();
  }
}
