/** Rights to read. Pure. What a caller may not read looks exactly like what does not exist. */

import { parseUuid } from '../../common/uuid.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';

/** Chats that the caller may read: all, one user's, or none (a `sub` that is no id owns nothing). */
export type Readable = { kind: 'all' } | { kind: 'own'; ownerId: string } | { kind: 'none' };

export function readableBy(caller: Caller): Readable {
  if (mayReadAll(caller)) return { kind: 'all' };
  const ownerId = parseUuid(caller.sub);
  return ownerId === undefined ? { kind: 'none' } : { kind: 'own', ownerId };
}

/**
 * Owner that a question is narrowed to; undefined: it is not narrowed. A caller who may read none must not be asked
 * for.
 */
export const readableOwner = (readable: Readable): string | undefined =>
  readable.kind === 'own' ? readable.ownerId : undefined;
