/** Actions on chats: the checks under the row's lock, and the effect through the state machine's one executor. */
import type { PoolClient } from 'pg';
import { parseUuid } from '../../common/uuid.ts';
import type { ChatAction } from '../../domain/actions/names.ts';
import { ACTION_RULES, type ActedOn, whyImpossible } from '../../domain/actions/offers.ts';
import { executionState } from '../../domain/executionState.ts';
import { type Transition, TransitionRefused } from '../../domain/transitions.ts';
import type { Change } from '../runtime/chatd/applyTransitions.ts';
import { type ChatState, readChats } from '../runtime/chatd/chatState.ts';
import type { ChatStore } from '../runtime/chatd/chatStore.ts';
import { requireReadable, requireRight } from './access.ts';
import type { ActionEffect, ApplyAction } from './act.ts';
import type { Expected } from './offerTokens.ts';
import type { ActionRequest } from './request.ts';

/** Error that a reconciled chat shows. */
const RECONCILED = {
  ...{ kind: 'reconciled', message: 'An operator put the chat into this state', provider: 'operator' },
  ...{ status_code: null, retryable: false },
};
/** Characters of the reason that an event holds: an event has at most 2 KB. */
const REASON_IN_EVENT = 400;

/**
 * Version of a chat as actions name it. One that JavaScript does not have exactly is the last that it has.
 * Clients could not send it, nor a table store what becomes of it.
 */
export const versionOf = ({ snapshotVersion }: ChatState): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(snapshotVersion, Number.MAX_SAFE_INTEGER));

export const actedOn = (chat: ChatState): ActedOn => ({ ...chat, state: executionState(chat) });

/** @param action a chat's action; the request's is the same */
export const applyToChat =
  (store: ChatStore, action: ChatAction): ApplyAction =>
  async (tx, request, recordId) => {
    const read = async () => requireReadable(request.caller, (await readChats(tx, [request.targetId]))[0]);
    await read(); // whoever may not read the chat does not wait for its lock, and so does not learn that it is there
    await tx.query('SELECT FROM chats WHERE id = $1 FOR NO KEY UPDATE', [request.targetId]);
    const chat = await read();
    const isByRole = requireRight(request.caller, action, chat);
    const { workerId, runnerId } = chat;
    const found = { version: versionOf(chat), workerId, runnerId, state: executionState(chat) };
    if (!isExpected(request.expected, found)) return { outcome: 'CONFLICT', why: MOVED, found };
    const isThere = ACTION_RULES[action].isThere(actedOn(chat));
    if (isThere !== undefined) return { outcome: 'NO_CHANGE', why: isThere, found };
    const why = whyImpossible(action, actedOn(chat));
    if (why !== undefined) return { outcome: 'REFUSED', why, found };
    const changed = await change(tx, { store, action, request, recordId, isByRole });
    if ('why' in changed) return { outcome: 'REFUSED', why: changed.why, found };
    const { after } = changed;
    const done: ActionEffect = {
      outcome: 'DONE',
      found,
      after: { version: versionOf(after), state: executionState(after) },
      tell: () => store.tell(changed),
    };
    return done;
  };

const MOVED = 'The chat has changed since it was looked at. Look again.';

const isExpected = (expected: Expected, found: { version: number; workerId: string | null; runnerId: string | null }) =>
  expected.version === found.version && expected.workerId === found.workerId && expected.runnerId === found.runnerId;

interface ToApply {
  readonly store: ChatStore;
  readonly action: ChatAction;
  readonly request: ActionRequest;
  readonly recordId: string;
  readonly isByRole: boolean;
}

/** Applies the transitions behind a savepoint. A dry run goes back there. */
async function change(tx: PoolClient, { store, ...asked }: ToApply): Promise<Change | { why: string }> {
  const { action, request, recordId, isByRole } = asked;
  const { targetId, reason, isDryRun, caller } = request;
  await tx.query('SAVEPOINT before_the_effect');
  try {
    const told = { action, record: recordId, reason: [...reason].slice(0, REASON_IN_EVENT).join('') };
    await tx.query(`SELECT set_config('chat_debug.action', $1, true)`, [JSON.stringify(told)]);
    const by = { by: isByRole ? 'operator' : 'person', actorId: parseUuid(caller.sub) ?? null } as const;
    const changed = await store.applyWithin(tx, targetId, by, transitionsOf(action));
    if (isDryRun) await tx.query('ROLLBACK TO SAVEPOINT before_the_effect');
    return changed;
  } catch (error) {
    if (!(error instanceof TransitionRefused)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT before_the_effect');
    return { why: error.message };
  }
}

function transitionsOf(action: ChatAction): Transition[] {
  switch (action) {
    case 'RELEASE_CHAT':
      return [{ name: 'abandon' }];
    case 'RECONCILE_CHAT':
      return [{ name: 'reconcileInvalidState', error: RECONCILED }];
    case 'INTERRUPT_CHAT':
      return [{ name: 'interrupt' }];
    case 'RETRY_CHAT':
      return [{ name: 'retry' }];
    case 'CANCEL_PENDING_ACTION':
      return [{ name: 'cancelRequiresAction' }];
    case 'DELETE_QUEUED_MESSAGES':
      return [{ name: 'deleteQueued', all: true }];
    default:
      return action satisfies never;
  }
}
