/**
 * The rights and arguments of runtime fields, where no replica looks after them.
 * A replica that speaks GraphQL does this by itself. A worker that speaks the protocol knows no caller, and no argument.
 */
import { getArgumentValues } from 'graphql';
import { isObject, type Json } from '../../common/json.ts';
import type { FieldShape } from '../../server/graphql/selection.ts';
import { type Caller, mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';
import type { Override } from './filled.ts';

/** Fields of a replica that need the role. */
const NEED_ROLE = ['runners', 'runnersByOwner', 'acquisition', 'heartbeats', 'databaseSync'];
/** Most items of a list with an argument `first`, and what it is by default. */
const LISTS: Readonly<Record<string, { readonly most: number; readonly usual: number }>> = {
  runners: { most: 1_000, usual: 100 },
  runnersByOwner: { most: 100, usual: 10 },
};
const MAX_REFUSED_LISTED = 100;

/** @param variables of the question */
export function overrides(caller: Caller, variables: Readonly<Json>): Override {
  return ({ name, node, field }, value, typename) => {
    if (typename !== 'ReplicaRuntime') return undefined;
    if (name === 'refusedChats') return { value: ownOf(caller, value) };
    const list = LISTS[name];
    const first = list && (firstOf({ node, field }, variables) ?? list.usual);
    if (list && first !== undefined && !(first >= 1 && first <= list.most)) {
      return { code: 'BAD_USER_INPUT', message: `first must be 1 to ${list.most}, received ${first}.` };
    }
    if (NEED_ROLE.includes(name) && !mayReadAll(caller)) {
      return { code: 'FORBIDDEN', message: `This needs the role ${READ_ALL}.` };
    }
    return list && Array.isArray(value) ? { value: value.slice(0, first) } : undefined;
  };
}

function firstOf({ node, field }: Required<Pick<FieldShape, 'node' | 'field'>>, variables: Readonly<Json>) {
  if (!field) return undefined;
  const { first } = getArgumentValues(field, node, variables);
  return typeof first === 'number' ? first : undefined;
}

/** Chats of the caller; all of them with the role. */
function ownOf(caller: Caller, chats: unknown): unknown {
  if (!Array.isArray(chats)) return chats;
  const isTold = (chat: unknown) => mayReadAll(caller) || (isObject(chat) && chat.ownerId === caller.sub);
  return chats.filter(isTold).slice(0, MAX_REFUSED_LISTED);
}
