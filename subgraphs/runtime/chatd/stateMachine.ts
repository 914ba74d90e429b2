/**
 * The state machine of a chat, as a table: transition × state → the state or states it may lead to, and what the
 * transaction changes on the way. Pure; `chatStore.ts` is the one place that executes it. What is not in the table is
 * refused. Ownership (`acquire`, `abandon`) is independent of the state and stands beside the table.
 */
import type { ExecutionState } from '../../../common/executionState.ts';
import type { LastError, NewMessage } from './messages.ts';

/** What a caller asks for, with what it takes. */
export type Transition =
  | { readonly name: 'send'; readonly content: unknown; readonly createdBy: string }
  | { readonly name: 'interrupt' }
  | { readonly name: 'setArchived'; readonly archived: boolean }
  | { readonly name: 'recordGenerationAttempt' }
  | { readonly name: 'recordRetryState'; readonly retry: RetryState; readonly delayMs: number }
  | { readonly name: 'commitStep'; readonly messages: readonly NewMessage[] }
  | { readonly name: 'finishTurn' }
  | { readonly name: 'finishInterruption'; readonly messages: readonly NewMessage[] }
  | { readonly name: 'finishError'; readonly error: LastError }
  | { readonly name: 'abandon' };

/** `chats.retry_state`, less `retrying_at`, which the database computes by its own clock. */
export interface RetryState {
  readonly attempt: number;
  readonly error: string;
  readonly kind: string;
}

/**
 * What a transaction does besides moving the status. `append`: messages into the history. `enqueue`: a message to the end
 * of the queue. `promoteHead`: the queue's first message into the history. The others set the columns they name.
 */
export type Effect =
  | 'append'
  | 'enqueue'
  | 'promoteHead'
  | 'clearLastError'
  | 'setLastError'
  | 'countAttempt'
  | 'setRetryState'
  | 'releaseOwner';

export interface Rule {
  /** Two where it depends on whether the promoted message was the last of the queue. */
  readonly to: readonly ExecutionState[];
  readonly does: readonly Effect[];
}

type Rules = Readonly<Partial<Record<ExecutionState, Rule>>>;

const to = (state: ExecutionState, ...does: Effect[]): Rule => ({ to: [state], does });
const toEither = (states: readonly ExecutionState[], ...does: Effect[]): Rule => ({ to: states, does });
const inR = (...does: Effect[]): Rules => ({ R0: to('R0', ...does), R1: to('R1', ...does) });

const TABLE: Readonly<Record<Exclude<Transition['name'], 'setArchived' | 'abandon'>, Rules>> = {
  send: {
    W: to('R0', 'append'),
    E0: to('R0', 'append', 'clearLastError'),
    E1: to('R1', 'enqueue', 'promoteHead', 'clearLastError'),
    R0: to('R1', 'enqueue'),
    R1: to('R1', 'enqueue'),
    I0: to('I1', 'enqueue'),
    I1: to('I1', 'enqueue'),
    A0: to('A1', 'enqueue'),
    A1: to('A1', 'enqueue'),
  },
  interrupt: { R0: to('I0'), R1: to('I1') },
  recordGenerationAttempt: inR('countAttempt'),
  recordRetryState: inR('setRetryState'),
  commitStep: inR('append'),
  finishTurn: { R0: to('W'), R1: toEither(['R0', 'R1'], 'promoteHead') },
  finishInterruption: { I0: to('W', 'append'), I1: toEither(['R0', 'R1'], 'append', 'promoteHead') },
  finishError: { R0: to('E0', 'setLastError'), R1: to('E1', 'setLastError') },
};

const ARCHIVE: Rules = { W: to('XW'), E0: to('XE0'), E1: to('XE1') };
const UNARCHIVE: Rules = { XW: to('W'), XE0: to('E0'), XE1: to('E1') };

/** The transition is not legal in the chat's state. The message is for whoever asked for it. */
export class TransitionRefused extends Error {
  override name = 'TransitionRefused';
  readonly transition: Transition['name'];
  readonly state: ExecutionState;

  constructor(transition: Transition['name'], state: ExecutionState) {
    super(`The transition ${transition} is not possible: the chat is in state ${state}.`);
    this.transition = transition;
    this.state = state;
  }
}

/** @throws TransitionRefused if the state does not allow the transition */
export function ruleFor(transition: Transition, state: ExecutionState): Rule {
  const rule = find(transition, state);
  if (!rule) throw new TransitionRefused(transition.name, state);
  return rule;
}

function find(transition: Transition, state: ExecutionState): Rule | undefined {
  if (transition.name === 'abandon') return to(state, 'releaseOwner');
  if (transition.name === 'setArchived') return (transition.archived ? ARCHIVE : UNARCHIVE)[state];
  return TABLE[transition.name][state];
}

const STATUS_OF = { W: 'waiting', E: 'error', R: 'running', I: 'interrupting', A: 'requires_action' } as const;

/** The columns that a state other than INVALID stands for. */
export function columnsOf(state: Exclude<ExecutionState, 'INVALID'>): { status: string; archived: boolean } {
  const archived = state.startsWith('X');
  const letter = (archived ? state[1] : state[0]) as keyof typeof STATUS_OF;
  return { status: STATUS_OF[letter], archived };
}
