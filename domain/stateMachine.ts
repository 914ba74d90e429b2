/**
 * The state machine of a chat, as a table: transition × state → next states and effects. Pure; only `chatStore.ts`
 * executes it.
 * A transition that is not in the table is refused. Two stand beside the table: `create` leads to R0 from nothing.
 * `acquire` takes many chats in one statement and changes only their ownership.
 */
import { EXECUTION_STATES, type ExecutionState } from './executionState.ts';
import { type Transition, type TransitionName, TransitionRefused } from './transitions.ts';

/**
 * Changes that a transaction makes besides the status.
 *
 * - `append`: adds messages to the history.
 * - `enqueue`: adds a message to the end of the queue.
 * - `moveToHead`, `removeQueued`: act on the named queued message.
 * - `promoteHead`: moves the queue's first message into the history.
 * - `deleteFrom`: marks the named message and all later ones deleted.
 * - `cancelOpenCalls`: adds a cancelled result for each tool call without one.
 * - `answerOpenCalls`: adds the given results.
 * - The others set the columns in their names.
 */
export type Effect =
  | 'append'
  | 'enqueue'
  | 'moveToHead'
  | 'removeQueued'
  | 'clearQueue'
  | 'promoteHead'
  | 'deleteFrom'
  | 'cancelOpenCalls'
  | 'answerOpenCalls'
  | 'setDeadline'
  | 'clearDeadline'
  | 'setLastError'
  | 'clearLastError'
  | 'countAttempt'
  | 'setRetryState'
  | 'releaseOwner';

interface Rule {
  /** Next states. There are two where it matters whether the queue is empty afterwards. */
  readonly to: readonly ExecutionState[];
  readonly does: readonly Effect[];
}

type Rules = Readonly<Partial<Record<ExecutionState, Rule>>>;

const to = (states: string, ...does: Effect[]): Rule => ({ to: states.split(' ') as ExecutionState[], does });
/** Rules for both states of a letter: with an empty queue, and with messages in it. */
const both = (letter: 'R' | 'A', target: (digit: string) => string, ...does: Effect[]): Rules => ({
  [`${letter}0`]: to(target('0'), ...does),
  [`${letter}1`]: to(target('1'), ...does),
});
const stayInR = (...does: Effect[]): Rules => both('R', (digit) => `R${digit}`, ...does);
const stay = (...does: Effect[]): Rules =>
  Object.fromEntries(EXECUTION_STATES.map((state) => [state, to(state, ...does)]));

const BUSY_QUEUES: Rules = Object.fromEntries(
  ['R', 'I', 'A'].flatMap((letter) =>
    [`${letter}0`, `${letter}1`].map((state) => [state, to(`${letter}1`, 'enqueue')]),
  ),
);
const REST_STARTS: Rules = {
  W: to('R0', 'append'),
  E0: to('R0', 'append', 'clearLastError'),
  E1: to('R1', 'enqueue', 'promoteHead', 'clearLastError'),
};
const EDITS = ['W', 'E0', 'E1', 'R0', 'R1', 'I0', 'I1', 'A0', 'A1'] as const;

export const TABLE: Readonly<Record<TransitionName, Rules>> = {
  send: { ...REST_STARTS, ...BUSY_QUEUES },
  sendInterrupting: {
    ...REST_STARTS,
    ...both('R', () => 'I1', 'enqueue'),
    I0: to('I1', 'enqueue'),
    I1: to('I1', 'enqueue'),
    ...both('A', () => 'R1', 'cancelOpenCalls', 'clearDeadline', 'enqueue'),
  },
  edit: Object.fromEntries(
    EDITS.map((state) => [state, to('R0', 'clearQueue', 'deleteFrom', 'append', 'clearLastError', 'clearDeadline')]),
  ),
  interrupt: {
    ...both('R', (digit) => `I${digit}`),
    ...both('A', (digit) => `R${digit}`, 'cancelOpenCalls', 'clearDeadline'),
  },
  completeRequiresAction: both('A', (digit) => `R${digit}`, 'answerOpenCalls', 'clearDeadline'),
  deleteQueued: {
    E1: to('E0 E1', 'removeQueued'),
    R1: to('R0 R1', 'removeQueued'),
    I1: to('I0 I1', 'removeQueued'),
    A1: to('A0 A1', 'removeQueued'),
  },
  promoteQueued: {
    E1: to('R0 R1', 'moveToHead', 'promoteHead', 'clearLastError'),
    A1: to('R0 R1', 'cancelOpenCalls', 'clearDeadline', 'moveToHead', 'promoteHead'),
    R1: to('I1', 'moveToHead'),
    I1: to('I1', 'moveToHead'),
  },
  archive: { W: to('XW'), E0: to('XE0'), E1: to('XE1') },
  unarchive: { XW: to('W'), XE0: to('E0'), XE1: to('E1') },
  recordGenerationAttempt: stayInR('countAttempt'),
  recordRetryState: stayInR('setRetryState'),
  commitStep: stayInR('append'),
  finishTurn: { R0: to('W'), R1: to('R0 R1', 'promoteHead') },
  finishInterruption: { I0: to('W', 'append'), I1: to('R0 R1', 'append', 'promoteHead') },
  enterRequiresAction: both('R', (digit) => `A${digit}`, 'setDeadline'),
  cancelRequiresAction: both('A', (digit) => `R${digit}`, 'cancelOpenCalls', 'clearDeadline'),
  finishError: both('R', (digit) => `E${digit}`, 'setLastError'),
  retry: { E0: to('R0', 'clearLastError'), E1: to('R1', 'clearLastError') },
  reconcileInvalidState: { INVALID: to('E0 E1', 'cancelOpenCalls', 'clearDeadline', 'setLastError') },
  abandon: stay('releaseOwner'),
};

/** @throws TransitionRefused if the state does not allow the transition */
export function ruleFor(transition: Transition, state: ExecutionState): Rule {
  const rule = TABLE[transition.name][state];
  if (!rule) throw new TransitionRefused(transition.name, state);
  return rule;
}

const STATUS_OF = { W: 'waiting', E: 'error', R: 'running', I: 'interrupting', A: 'requires_action' } as const;

/** Columns of a state other than INVALID. */
export function columnsOf(state: Exclude<ExecutionState, 'INVALID'>): { status: string; archived: boolean } {
  const archived = state.startsWith('X');
  const letter = (archived ? state[1] : state[0]) as keyof typeof STATUS_OF;
  return { status: STATUS_OF[letter], archived };
}
