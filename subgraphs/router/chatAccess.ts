/**
 * The check of what a caller may ask replicas, where nobody has checked it before: a chat that it may read, of its
 * owner.
 * The database subgraph decides, as about the chat's other half; one question serves a whole fetch.
 * A refusal looks the same for a foreign chat, a missing one, and one with another owner.
 */
import { deadlineStop } from '../../common/clock.ts';
import { parseUuid } from '../../common/uuid.ts';
import type { Owners } from '../../routing/owners.ts';
import type { CheckAccess } from '../../routing/route.ts';
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
