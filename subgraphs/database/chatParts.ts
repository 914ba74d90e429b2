/**
 * The parts of the table in which the chats of a filter can be. Pure.
 *
 * Every chat is of one kind:
 *
 * - Nearly all are `waiting`. A filter that allows them walks the index of all chats, and is soon satisfied.
 * - Each other kind has a partial index of its own, in the order of the list.
 * - Chats at rest with a queue are few, and no index of chats can know them. They are found from the queue.
 * - Chats at rest that look like trouble by their rows have indexes, too.
 * - Nearly all chats with an owner are runnable. The others with an owner have an index.
 */
import type { ExecutionState } from '../../domain/executionState.ts';
import type { ChatFilter } from './chatConditions.ts';

/** Kinds of chats that nobody works on. */
export const AT_REST = ['waiting', 'errored', 'archived waiting', 'archived errored'] as const;
export type AtRest = (typeof AT_REST)[number];
/** Chats at rest without a queue that look like trouble. */
export const IN_TROUBLE = [
  'waiting unanswered',
  'waiting ahead',
  'waiting undated',
  'errored for good',
  'errored ahead',
] as const;
export type InTrouble = (typeof IN_TROUBLE)[number];
export type Kind = AtRest | 'runnable' | 'odd';
/** Part of the table. A kind at rest stands for its chats without a queue and without trouble. */
export type Part = Kind | InTrouble | `${AtRest} queued`;

export const KINDS: readonly Kind[] = [...AT_REST, 'runnable', 'odd'];
const PARTS: readonly Part[] = [...KINDS, ...IN_TROUBLE, ...AT_REST.map((kind) => `${kind} queued` as const)];

export const AHEAD = ['waiting ahead', 'errored ahead'] as const;
export type Ahead = (typeof AHEAD)[number];

/** True if no chat can match. */
export const isNowhere = (filter: ChatFilter): boolean => allowedParts(filter).size === 0;

/** Parts that a filter allows. */
export function allowedParts(filter: ChatFilter): ReadonlySet<Part> {
  const narrowed = narrowings(filter);
  return new Set(PARTS.filter((part) => narrowed.every((parts) => parts.has(part))));
}

/** Parts that each member of the filter leaves. */
function narrowings({ status, executionState, heartbeat, suspect }: ChatFilter): ReadonlySet<Part>[] {
  const left: ReadonlySet<Part>[] = [];
  if (status) left.push(new Set(status.flatMap((text) => PARTS_OF_STATUS.get(text) ?? ['odd'])));
  if (executionState) left.push(new Set(executionState.flatMap((state) => PARTS_OF_STATE[state])));
  if (heartbeat) left.push(new Set(['runnable']));
  if (suspect) left.push(SUSPECT_PARTS);
  return left;
}

const WAITING: readonly Part[] = ['waiting', 'waiting unanswered', 'waiting ahead', 'waiting undated'];
const ERRORED: readonly Part[] = ['errored', 'errored for good', 'errored ahead'];

const PARTS_OF_STATUS: ReadonlyMap<string, readonly Part[]> = new Map([
  ['waiting', [...WAITING, 'waiting queued', 'archived waiting', 'archived waiting queued']],
  ['error', [...ERRORED, 'errored queued', 'archived errored', 'archived errored queued']],
  ['running', ['runnable', 'odd']],
  ['interrupting', ['runnable', 'odd']],
  ['requires_action', ['runnable', 'odd']],
]);

const PARTS_OF_STATE: Readonly<Record<ExecutionState, readonly Part[]>> = {
  W: WAITING,
  XW: ['archived waiting'],
  E0: ERRORED,
  E1: ['errored queued'],
  XE0: ['archived errored'],
  XE1: ['archived errored queued'],
  R0: ['runnable'],
  R1: ['runnable'],
  I0: ['runnable'],
  I1: ['runnable'],
  A0: ['runnable'],
  A1: ['runnable'],
  INVALID: ['odd', 'waiting queued', 'archived waiting queued'],
};

const SUSPECT_PARTS: ReadonlySet<Part> = new Set([
  ...(['runnable', 'odd', 'waiting queued', 'archived waiting queued', 'errored queued'] as const),
  ...IN_TROUBLE,
]);
