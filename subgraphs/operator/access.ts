/** Rights of callers of the operator. Pure. What a caller may not read looks exactly like what does not exist. */

import { type ActionName, mutationOf } from '../../domain/actions/names.ts';
import { AUDIT, hasRoleFor, isForOwners, OPERATE } from '../../domain/actions/rights.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { mayRead, type Owned, owns } from '../../server/graphql/rights.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';

/** @throws GraphQLError `NOT_FOUND` */
export function requireReadable<C extends Owned>(caller: Caller, chat: C | undefined): C {
  if (chat && mayRead(caller, chat)) return chat;
  throw clientError('NOT_FOUND', 'There is no such chat, or it is not yours to read.');
}

/** Role that the caller lacks for an action, as a sentence. Undefined: none. */
export function lackingRole(caller: Caller, action: ActionName, chat?: Owned): string | undefined {
  if (hasRoleFor(caller.roles, action)) return undefined;
  if (chat && isForOwners(action) && owns(caller, chat)) return undefined;
  return `This needs the role ${OPERATE} or ${OPERATE}:${mutationOf(action)}.`;
}

/**
 * @returns true if the caller acts by a role; false: as the owner of the chat
 * @throws GraphQLError `FORBIDDEN` with the name of the missing role
 */
export function requireRight(caller: Caller, action: ActionName, chat?: Owned): boolean {
  const lacking = lackingRole(caller, action, chat);
  if (lacking !== undefined) throw clientError('FORBIDDEN', lacking);
  return hasRoleFor(caller.roles, action);
}

/** @throws GraphQLError `FORBIDDEN` */
export function requireAudit({ roles }: Caller): void {
  if (!roles.includes(AUDIT)) throw clientError('FORBIDDEN', `This needs the role ${AUDIT}.`);
}
