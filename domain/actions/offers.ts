/**
 * Actions on one chat, as its row and the state machine allow them now, and what each would do. Pure.
 * The rules are those of the table that is executed: what is offered is not refused while the row stays as it is.
 */
import type { FindingCode } from '../diagnosis/rules.ts';
import { EXECUTION_STATES, type ExecutionState, isKnownStatus } from '../executionState.ts';
import { TABLE } from '../stateMachine.ts';
import type { TransitionName } from '../transitions.ts';
import { CHAT_ACTIONS, type ChatAction } from './names.ts';

/** Facts of a row that decide what may be done. */
export interface ActedOn {
  readonly state: ExecutionState;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly queueDepth: number;
  /** Status in the row. Undefined: a known one. */
  readonly status?: string;
}

/** How much an action can cost. `LOW`: nothing is lost. `MEDIUM`: work is repeated or ends. `HIGH`: something is lost for good. */
type ActionRisk = 'LOW' | 'MEDIUM' | 'HIGH';

interface ActionRule {
  readonly transition: TransitionName;
  readonly risk: ActionRisk;
  /** Findings that the action may answer, in the states in which they can be. */
  readonly answers: (chat: ActedOn) => readonly FindingCode[];
  /** What is lost and what goes on, in sentences. */
  readonly changes: (chat: ActedOn) => string;
  /** What is there already, as a sentence. Undefined: the action would change something. */
  readonly isThere: (chat: ActedOn) => string | undefined;
}

const isOwned = ({ workerId, runnerId }: ActedOn) => workerId !== null || runnerId !== null;
/** True in the states of these letters. INVALID is none of `I`. */
const starts = (letters: string, { state }: ActedOn) => state !== 'INVALID' && letters.includes(state.charAt(0));
const messages = (count: number) => (count === 1 ? '1 queued message' : `${count} queued messages`);
const whatWaits = ({ queueDepth }: ActedOn) =>
  queueDepth > 0 ? ` ${queueDepth === 1 ? 'The queued message stays' : `All ${queueDepth} queued messages stay`}.` : '';

const headIsNext = ({ queueDepth }: ActedOn) => (queueDepth > 0 ? ' The first queued message is answered next.' : '');
const notOurs = ({ status }: ActedOn) =>
  status !== undefined && !isKnownStatus(status)
    ? 'This version does not know the status of the chat: if a newer one wrote it, its work is ended. '
    : '';

/** What becomes of a turn whose owner loses it, by the first letter of the state. */
const AFTER_RELEASE: Readonly<Record<string, string>> = {
  R: 'The owner loses the chat, and another worker takes it. The step that runs now is begun anew; committed steps stay. What is wrong with the model or the chat comes back.',
  I: 'The owner loses the chat, and another worker takes it and ends the turn. What was streamed and is not committed is lost.',
  A: 'The owner loses the chat, and another worker takes it. The wait for the tool goes on, and its deadline stays.',
};

const OF_A_LOST_OWNER: readonly FindingCode[] = [
  ...(['OWNER_UNKNOWN', 'OWNER_STOPPED', 'OWNER_UNREACHABLE', 'DUPLICATE_RUNNERS'] as const),
  ...(['RUNNER_MISSING', 'RUNNER_MISMATCH', 'HEARTBEAT_MISSING', 'HEARTBEAT_STALE', 'RUNNER_BEHIND'] as const),
  ...(['RUNNER_IDLE', 'RETRY_OVERDUE', 'NO_PROGRESS', 'CLOCK_AHEAD'] as const),
];

/** Findings of a step, which any interrupt ends. */
const OF_A_STEP: readonly FindingCode[] = ['SPINNING', 'NO_PROGRESS'];

export const ACTION_RULES: Readonly<Record<ChatAction, ActionRule>> = {
  RELEASE_CHAT: {
    transition: 'abandon',
    risk: 'MEDIUM',
    answers: (chat) => {
      if (starts('A', chat)) return [...OF_A_LOST_OWNER, 'ACTION_DEADLINE_PASSED'];
      if (starts('I', chat)) return [...OF_A_LOST_OWNER, 'SPINNING'];
      return starts('R', chat) ? OF_A_LOST_OWNER : ['DUPLICATE_RUNNERS'];
    },
    changes: (chat) => {
      const after = starts('RIA', chat) ? AFTER_RELEASE[chat.state.charAt(0)] : undefined;
      if (after) return `${after}${starts('I', chat) ? headIsNext(chat) : whatWaits(chat)}`;
      const until = chat.state === 'INVALID' ? ' before its state is repaired' : ': it is at rest';
      return `The row names no owner any more. No worker takes the chat${until}.`;
    },
    isThere: (chat) => (isOwned(chat) ? undefined : 'Nobody owns the chat.'),
  },
  RECONCILE_CHAT: {
    transition: 'reconcileInvalidState',
    risk: 'HIGH',
    answers: () => ['INVALID_STATE', 'STATUS_UNKNOWN'],
    changes: (chat) =>
      `${notOurs(chat)}The chat becomes a failed one that is not archived. Open tool calls get a cancelled result.${whatWaits(chat)}`,
    isThere: () => undefined,
  },
  INTERRUPT_CHAT: {
    transition: 'interrupt',
    risk: 'MEDIUM',
    answers: (chat) =>
      starts('A', chat)
        ? [...OF_A_STEP, 'CALL_UNANSWERED', 'CHILD_LOST', 'ACTION_DEADLINE_PASSED', 'ACTION_PENDING']
        : [...OF_A_STEP, 'LOOPING', 'OWNERS_LOST', 'THRASHING', 'RETRY_BACKOFF'],
    changes: (chat) =>
      starts('A', chat)
        ? `The open tool calls get a cancelled result, and the turn goes on without them.${whatWaits(chat)}`
        : `The turn ends. What was streamed is kept as far as it came.${headIsNext(chat)}`,
    isThere: (chat) => (starts('I', chat) ? 'The chat is being interrupted.' : undefined),
  },
  RETRY_CHAT: {
    transition: 'retry',
    risk: 'LOW',
    answers: ({ state }) => (state === 'E1' ? ['QUEUE_BLOCKED', 'ERRORED'] : ['ERRORED']),
    changes: (chat) =>
      `The failed turn is begun anew with the history as it is, and the error is cleared. No message is added.${whatWaits(chat)}`,
    isThere: (chat) => (starts('R', chat) ? 'The chat is running.' : undefined),
  },
  CANCEL_PENDING_ACTION: {
    transition: 'cancelRequiresAction',
    risk: 'MEDIUM',
    answers: () => ['CALL_UNANSWERED', 'CHILD_LOST', 'ACTION_DEADLINE_PASSED', 'ACTION_PENDING'],
    changes: (chat) =>
      `The open tool calls get a result that says that nobody answered, and the turn goes on. A late answer is refused.${whatWaits(chat)}`,
    isThere: () => undefined,
  },
  DELETE_QUEUED_MESSAGES: {
    transition: 'deleteQueued',
    risk: 'HIGH',
    answers: ({ state }) => (state === 'E1' ? ['QUEUE_BLOCKED'] : []),
    changes: ({ queueDepth }) =>
      `${messages(queueDepth)} ${queueDepth === 1 ? 'is' : 'are'} deleted for good, unanswered.`,
    isThere: ({ queueDepth }) => (queueDepth === 0 ? 'No message is queued.' : undefined),
  },
};

/** An action on a chat, before it is known who asks. */
interface PossibleAction {
  readonly action: ChatAction;
  /** Reason why the row does not allow it, as a sentence. Null: it does. */
  readonly whyNot: string | null;
  readonly from: ExecutionState;
  /** State that it leads to. Null: it is not possible. */
  readonly to: ExecutionState | null;
  readonly changes: string;
  readonly answers: readonly FindingCode[];
  readonly risk: ActionRisk;
}

/** All actions on a chat, those that are possible now and those that are not, in their order. */
export const possibleActions = (chat: ActedOn): PossibleAction[] =>
  CHAT_ACTIONS.map((action) => possibleAction(action, chat));

/** An action on a chat: whether it is possible now, and what it would do. */
export function possibleAction(action: ChatAction, chat: ActedOn): PossibleAction {
  const rule = ACTION_RULES[action];
  const whyNot = whyImpossible(action, chat) ?? null;
  const facts = { action, whyNot, from: chat.state, risk: rule.risk };
  if (whyNot !== null) return { ...facts, to: null, changes: '', answers: [] };
  return { ...facts, to: ledTo(action, chat), changes: rule.changes(chat), answers: rule.answers(chat) };
}

/** Reason why the row does not allow the action, as a sentence. Undefined: it does. */
export function whyImpossible(action: ChatAction, chat: ActedOn): string | undefined {
  const { transition, isThere } = ACTION_RULES[action];
  return isThere(chat) ?? (TABLE[transition][chat.state] ? undefined : refusedIn(action, chat.state));
}

/** Sentence on an action that the state machine refuses. */
function refusedIn(action: ChatAction, state: ExecutionState): string {
  const rules = TABLE[ACTION_RULES[action].transition];
  const states = EXECUTION_STATES.filter((one) => rules[one]);
  return `This is possible in ${states.join(', ')}. The chat is in ${state}.`;
}

function ledTo(action: ChatAction, { state, queueDepth }: ActedOn): ExecutionState | null {
  const targets = TABLE[ACTION_RULES[action].transition][state]?.to ?? [];
  const hasQueue = queueDepth > 0 && action !== 'DELETE_QUEUED_MESSAGES';
  return (targets.length > 1 ? targets.find((target) => target.endsWith(hasQueue ? '1' : '0')) : targets[0]) ?? null;
}
