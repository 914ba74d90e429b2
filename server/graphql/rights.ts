/** Rights of callers to read chats. Pure. What a caller may not read looks exactly like what does not exist. */
import { parseUuid } from '../../common/uuid.ts';
import { type Caller, mayReadAll, READ_ALL } from '../tokens/internalToken.ts';
import { clientError } from './errors.ts';

/** Owner of a chat; null where it is not known, so that only the role reads the chat. */
export interface Owned {
  readonly ownerId: string | null;
}

/** True if the chat is the caller's. A `sub` that is no id owns nothing, also no row without an owner. */
export function owns(caller: Caller, { ownerId }: Owned): boolean {
  const own = parseUuid(caller.sub);
  return own !== undefined && own === ownerId;
}

/** True if the caller may read the chat. */
export const mayRead = (caller: Caller, chat: Owned): boolean => mayReadAll(caller) || owns(caller, chat);

/** @throws GraphQLError `FORBIDDEN` with the name of the missing role */
export function requireReadAll(caller: Caller): void {
  if (!mayReadAll(caller)) throw clientError('FORBIDDEN', `This needs the role ${READ_ALL}.`);
}
