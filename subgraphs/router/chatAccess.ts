/**
 * What a caller may ask replicas when nobody has checked it before: a chat that it may read, of the replica that owns it. The
 * database subgraph decides, since it decides about the other half of the chat too; one question serves a whole fetch. What is
 * refused looks the same whether the chat is somebody else's, is not there, or is owned elsewhere.
 */
import { deadlineStop } from '../../common/clock.ts';
import type { Owners } from '../../routing/owners.ts';
import type { CheckAccess } from '../../routing/route.ts';
import { parseUuid } from '../../server/graphql/scalars.ts';
import { mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';

/** Never rejects. A caller with the role may ask everything, and costs no question. */
export function makeCheckAccess(owners: Pick<Owners, 'read'>): CheckAccess {
  return async (representations, context) => {
    if (mayReadAll(context.caller)) return representations.map(() => undefined);
    const deadline = deadlineStop(context.budget.leftMs(), context.signal);
    const found = await owners.read(representations, context, deadline.signal);
    deadline.clear();
    return representations.map(({ chatId, workerId }, i) => {
      if (chatId === undefined) return notAsked('REFUSED', `Asking a replica as a whole needs the role ${READ_ALL}.`);
      if (!found) return notAsked('UNREACHABLE', 'Whether the caller may read the chat could not be found out.');
      return typeof found[i] === 'string' && found[i] === parseUuid(workerId) ? undefined : refused;
    });
  };
}

const notAsked = (status: 'REFUSED' | 'UNREACHABLE', reason: string) => ({
  status,
  reason: `${reason} Nothing was sent.`,
});
const refused = notAsked('REFUSED', 'It owns no chat with this id that the caller may read.');
