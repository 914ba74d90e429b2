/** Who may read what. Pure. What may not be read looks exactly like what is not there. */

import { clientError } from '../../server/graphql/errors.ts';
import { parseUuid } from '../../server/graphql/scalars.ts';
import { type Caller, mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';

/** Whose chats the caller may read: everybody's, those of one user, or nobody's (a `sub` that is no id owns nothing). */
export type Readable = { kind: 'all' } | { kind: 'own'; ownerId: string } | { kind: 'none' };

export function readableBy(caller: Caller): Readable {
  if (mayReadAll(caller)) return { kind: 'all' };
  const ownerId = parseUuid(caller.sub);
  return ownerId === undefined ? { kind: 'none' } : { kind: 'own', ownerId };
}

/** Whose chats a question is narrowed to; undefined: it is not. Ask nothing for somebody who may read none. */
export const readableOwner = (readable: Readable): string | undefined =>
  readable.kind === 'own' ? readable.ownerId : undefined;

export const mayRead = (readable: Readable, chat: { readonly ownerId: string }): boolean =>
  readable.kind === 'all' || (readable.kind === 'own' && readable.ownerId === chat.ownerId);

/** @throws GraphQLError `FORBIDDEN` naming the role that is missing */
export function requireReadAll(caller: Caller): void {
  if (!mayReadAll(caller)) throw clientError('FORBIDDEN', `This needs the role ${READ_ALL}.`);
}
