/** Conditions on the row alone, and on its unreadable parts. */
import { FORMER_STATUSES, isKnownStatus } from '../../executionState.ts';
import type { Situation } from '../situation.ts';
import { leaseIsNotFresh, leaseKeepsOthersAway } from './lease.ts';
import { capacityWait, leftAlone, mayWaitForSlot, noOwner, ownerGone } from './owner.ts';
import { slotsNotKnown } from './pool.ts';
import type { Condition } from './time.ts';

export const statusUnknown: Condition = ({ database, platform }) =>
  typeof database?.status === 'string' &&
  (!isKnownStatus(database.status) || (platform === 'views' && FORMER_STATUSES.includes(database.status)));

/** True for a turn that ended at a queued message which a person edits: a state of Coder's without an owner. */
export const pausedByPerson: Condition = ({ database, platform, workerId }) =>
  database?.status === 'paused' && platform === 'coder' && workerId === null;

export const invalid: Condition = (s) => s.state === 'INVALID' && !statusUnknown(s) && !pausedByPerson(s);

export const waitsForOutside: Condition = (s) => s.state === 'A0' || s.state === 'A1';
export const isBeingInterrupted: Condition = (s) => s.state === 'I0' || s.state === 'I1';
export const running: Condition = (s) => s.state === 'R0' || s.state === 'R1';

/** True if a person's message is the last of a chat at rest. */
export const messageStandsLast: Condition = (s) => s.state === 'W' && s.database?.lastMessage?.role === 'user';

/** Names in `unreadable`, with their paths in the snapshot, and when a rule needs them. */
const COLUMNS: readonly { name: string; path: string; needed: Condition; decides?: true }[] = [
  {
    ...{ name: 'updatedAt', path: 'database.updatedAgeSeconds', decides: true },
    needed: (s) => s.runnable || messageStandsLast(s),
  },
  { name: 'heartbeat', path: 'database.heartbeat', needed: (s) => s.runnable && s.runnerId !== null, decides: true },
  {
    name: 'requiresActionDeadlineAt',
    path: 'database.requiresActionSecondsLeft',
    needed: waitsForOutside,
    decides: true,
  },
  { name: 'retrySecondsLeft', path: 'database.retrySecondsLeft', needed: running },
  ...['snapshotVersion', 'historyVersion', 'generationAttempt', 'retryStateVersion'].map((name) => ({
    ...{ name, path: `database.${name}`, needed: (s: Situation) => s.runnable },
  })),
];
/** Questions asked beside the row, which may have taken too long; same shape as the columns. */
const QUESTIONS: typeof COLUMNS = [
  { name: 'lastMessage', path: 'database.lastMessage', needed: (s) => s.state === 'W', decides: true },
  { name: 'turn', path: 'database.turn', needed: (s) => s.runnable },
  { name: 'openCalls', path: 'database.openCalls', needed: waitsForOutside },
  { name: 'lostChildren', path: 'database.lostChildren', needed: waitsForOutside },
  { name: 'trouble', path: 'database.trouble', needed: (s) => s.runnable },
  { name: 'recentOwners', path: 'recentOwners', needed: (s) => running(s) || isBeingInterrupted(s) },
];
export const QUESTION_NAMES = QUESTIONS.map(({ name }) => name);

/** Names and paths that a rule needs and that could not be read. */
export const unreadable = (s: Situation): { name: string; path: string }[] =>
  [...COLUMNS, ...QUESTIONS].filter(({ name, needed }) => s.database?.unreadable?.includes(name) && needed(s));
export const valueUnreadable: Condition = (s) => unreadable(s).length > 0;
/** True if a stored value is wrong; false if only a question took too long. */
export const columnUnreadable: Condition = (s) => unreadable(s).some(({ name }) => !QUESTION_NAMES.includes(name));

/** True if the verdict lacks a value that it depends on. Other trouble that is certain outranks this. */
export const undecided: Condition = (s) =>
  [...COLUMNS, ...QUESTIONS].some(
    ({ name, needed, decides }) => decides && s.database?.unreadable?.includes(name) && needed(s),
  ) ||
  (noOwner(s) && slotsNotKnown(s)) ||
  (mayWaitForSlot(s) && leftAlone(s)) ||
  (s.age === null && ((noOwner(s) && !capacityWait(s)) || ownerGone(s)));

/** True for a row or lease ahead of the clock. Archived chats are nobody's to mend. */
export const clockAhead: Condition = (s) =>
  s.runnable ? s.rowAhead || s.leaseAhead : s.database?.archived === false && s.rowAhead;
/** True if the row's age can never show that nobody works on the chat. Replicas of other platforms ignore that age. */
const rowKeepsOthersAway: Condition = (s) =>
  s.platform === 'own' && s.runnable && s.rowAhead && !capacityWait(s) && (noOwner(s) || leaseIsNotFresh(s));
/** True if no worker takes the chat before the date in the future. */
export const aheadAndAlone: Condition = (s) => rowKeepsOthersAway(s) || leaseKeepsOthersAway(s);
