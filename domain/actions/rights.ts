/** Rights to act. Pure. */
import type { ActionName } from './names.ts';
import { mutationOf } from './names.ts';

/** Role for all actions. With `:` and the name of a mutation behind it, the role for that action alone. */
export const OPERATE = 'chat-debug:operate';
/** Role that reads all records of actions. */
export const AUDIT = 'chat-debug:audit';

/** Actions that a person may take on a chat of their own without a role. */
const OF_OWNERS: readonly ActionName[] = ['INTERRUPT_CHAT', 'RETRY_CHAT', 'CANCEL_PENDING_ACTION'];

/** True if one of the roles is for the action. */
export const hasRoleFor = (roles: readonly string[], action: ActionName): boolean =>
  roles.includes(OPERATE) || roles.includes(`${OPERATE}:${mutationOf(action)}`);

/** True if the owner of the chat needs no role for it. */
export const isForOwners = (action: ActionName): boolean => OF_OWNERS.includes(action);
