/**
 * SQL by which a change of chats leaves its event.
 *
 * - The statement of a quick way writes it itself (`WRITES_EVENTS`).
 * - Any other transaction tells who it is (`toldBy`), and the triggers write it at the commit.
 *
 * A session whose `chat_debug.events` is `off` leaves none.
 */
import { STATE_OF_CODE } from '../../../domain/chatEvents.ts';
import type { ExecutionState } from '../../../domain/executionState.ts';
import type { Transition } from '../../../domain/transitions.ts';

const CODES = new Map(Object.entries(STATE_OF_CODE).map(([code, state]) => [state, code]));

/** Code of a state in `chat_events`. */
export const codeOf = (state: ExecutionState): string => CODES.get(state) ?? '?';

/**
 * Table of one row for the FROM of an UPDATE. Its column `writes_events` is true if the statement has to write its events.
 * It is read before the first row is changed, so that the triggers leave the rows alone.
 */
export const WRITES_EVENTS = `(
    SELECT set_config('chat_debug.events', CASE current_setting('chat_debug.events', true) WHEN 'off' THEN 'off' ELSE 'written' END,
                      true) = 'written' AS writes_events
  ) AS history`;

/** Who makes a change, and by which transitions. */
export interface Teller {
  readonly by: 'person' | 'worker' | 'operator';
  readonly actorId: string | null;
  readonly transitions: readonly string[];
}

/** Teller of transitions that somebody asked for who is not a worker. */
export function askedFor(transitions: readonly Transition[]): Teller {
  const actors = transitions.flatMap((transition) => ('message' in transition ? [transition.message.createdBy] : []));
  const isOperators = transitions.some(({ name }) => name === 'reconcileInvalidState' || name === 'abandon');
  return { by: isOperators ? 'operator' : 'person', actorId: actors[0] ?? null, transitions: namesOf(transitions) };
}

export const namesOf = (transitions: readonly Transition[]): string[] => transitions.map(({ name }) => name);

/** Expressions that tell the triggers, for the rest of the transaction, who changes the chats. */
export const toldBy = (by: string, actorId: string, transitions: string): string =>
  `set_config('chat_debug.by', ${by}, true), set_config('chat_debug.actor_id', ${actorId}, true),
    set_config('chat_debug.transitions', ${transitions}, true)`;

/** Table of one row for the FROM of an UPDATE: tells that a worker makes the transition. */
export const toldByWorker = (transition: Transition['name'] | 'acquire'): string =>
  `(SELECT ${toldBy(`'worker'`, `''`, `'${transition}'`)}) AS told`;
