/** The state machine without a database: the effect of each transition on a chat's state and versions. */
import { type ExecutionState, executionState } from '../../domain/executionState.ts';
import { columnsOf, type Effect, TABLE } from '../../domain/stateMachine.ts';
import type { TransitionName } from '../../domain/transitions.ts';

export interface ModelChat {
  readonly state: ExecutionState;
  readonly snapshotVersion: number;
  readonly historyVersion: number;
  readonly queueVersion: number;
  readonly generationAttempt: number;
  readonly queueDepth: number;
  readonly openCalls: number;
}

/** `calls`: tool calls in the messages that the transition appends, and that have no result in them. */
interface ModelStep {
  readonly name: TransitionName;
  readonly calls?: number;
}

export const created: ModelChat = {
  state: 'R0',
  ...{ snapshotVersion: 1, historyVersion: 1, queueVersion: 0, generationAttempt: 0, queueDepth: 0, openCalls: 0 },
};

/** One transaction with these transitions. Undefined: refused, and nothing has changed. */
export function predict(chat: ModelChat, steps: readonly ModelStep[]): ModelChat | undefined {
  let next: ModelChat = { ...chat, snapshotVersion: chat.snapshotVersion + 1 };
  for (const step of steps) {
    const rule = TABLE[step.name][next.state];
    if (!rule) return undefined;
    for (const effect of rule.does) next = EFFECTS[effect]?.(next, step) ?? next;
    const target = rule.to[0];
    if (!target || target === 'INVALID') continue;
    next = { ...next, state: executionState({ ...columnsOf(target), queueDepth: next.queueDepth }) };
    if (!rule.to.includes(next.state)) throw new Error(`${step.name} cannot lead to ${next.state}`);
  }
  return next;
}

const history = (chat: ModelChat): ModelChat => ({
  ...chat,
  historyVersion: chat.snapshotVersion,
  generationAttempt: 0,
});
const queue = (chat: ModelChat, by: number): ModelChat => ({
  ...chat,
  queueVersion: chat.snapshotVersion,
  queueDepth: chat.queueDepth + by,
});

const EFFECTS: Partial<Record<Effect, (chat: ModelChat, step: ModelStep) => ModelChat>> = {
  append: (chat, { calls = 0 }) => history({ ...chat, openCalls: chat.openCalls + calls }),
  enqueue: (chat) => queue(chat, 1),
  moveToHead: (chat) => queue(chat, 0),
  removeQueued: (chat) => queue(chat, -1),
  clearQueue: (chat) => (chat.queueDepth > 0 ? queue(chat, -chat.queueDepth) : chat),
  promoteHead: (chat) => history(queue(chat, -1)),
  deleteFrom: (chat) => history({ ...chat, openCalls: 0 }),
  cancelOpenCalls: (chat) => (chat.openCalls > 0 ? history({ ...chat, openCalls: 0 }) : chat),
  answerOpenCalls: (chat) => history({ ...chat, openCalls: 0 }),
  countAttempt: (chat) => ({ ...chat, generationAttempt: chat.generationAttempt + 1 }),
};
