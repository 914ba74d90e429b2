/** Conditions on what the row alone says, and on what of it could not be read. */

import type { Situation } from '../situation.ts';
import { leaseIsNotFresh, leaseKeepsOthersAway } from './lease.ts';
import { capacityWait, leftAlone, mayWaitForSlot, noOwner, ownerGone } from './owner.ts';
import { slotsNotKnown } from './pool.ts';
import type { Condition } from './time.ts';

const STATUSES = ['waiting', 'running', 'interrupting', 'requires_action', 'error', 'pending', 'paused', 'completed'];

export const statusUnknown: Condition = ({ database }) =>
  typeof database?.status === 'string' && !STATUSES.includes(database.status);

/** A turn that ended at a queued message which a person is editing: a state of Coder's, which has no owner. */
export const pausedByPerson: Condition = ({ database, platform, workerId }) =>
  database?.status === 'paused' && platform === 'coder' && workerId === null;

export const invalid: Condition = (s) => s.state === 'INVALID' && !statusUnknown(s) && !pausedByPerson(s);

export const waitsForOutside: Condition = (s) => s.state === 'A0' || s.state === 'A1';
export const isBeingInterrupted: Condition = (s) => s.state === 'I0' || s.state === 'I1';
export const running: Condition = (s) => s.state === 'R0' || s.state === 'R1';

/** A person's message is the last of a chat at rest. */
export const messageStandsLast: Condition = (s) => s.state === 'W' && s.database?.lastMessage?.role === 'user';

/** Names of `unreadable`, where they stand in the snapshot, and when a rule needs them. */
const COLUMNS: readonly { name: string; path: string; needed: Condition; decides?: true }[] = [
  {
    ...{ name: 'updatedAt', path: 'updatedAgeSeconds', decides: true },
    needed: (s) => s.runnable || messageStandsLast(s),
  },
  { name: 'heartbeat', path: 'heartbeat', needed: (s) => s.runnable && s.runnerId !== null, decides: true },
  { name: 'requiresActionDeadlineAt', path: 'requiresActionSecondsLeft', needed: waitsForOutside, decides: true },
  { name: 'retrySecondsLeft', path: 'retrySecondsLeft', needed: running },
  ...['snapshotVersion', 'historyVersion', 'generationAttempt', 'retryStateVersion'].map((name) => ({
    ...{ name, path: name, needed: (s: Situation) => s.runnable },
  })),
];
/** The same of what is asked beside the row, and may have taken too long. */
const QUESTIONS: typeof COLUMNS = [
  { name: 'lastMessage', path: 'lastMessage', needed: (s) => s.state === 'W', decides: true },
  { name: 'turn', path: 'turn', needed: (s) => s.runnable },
  { name: 'openCalls', path: 'openCalls', needed: waitsForOutside },
  { name: 'lostChildren', path: 'lostChildren', needed: waitsForOutside },
  { name: 'trouble', path: 'trouble', needed: (s) => s.runnable },
];
export const QUESTION_NAMES = QUESTIONS.map(({ name }) => name);

/** What a rule needs and could not be read: the names, and the paths. */
export const unreadable = (s: Situation): { name: string; path: string }[] =>
  [...COLUMNS, ...QUESTIONS].filter(({ name, needed }) => s.database?.unreadable?.includes(name) && needed(s));
export const valueUnreadable: Condition = (s) => unreadable(s).length > 0;
/** A stored value is wrong; not only a question that took too long. */
export const columnUnreadable: Condition = (s) => unreadable(s).some(({ name }) => !QUESTION_NAMES.includes(name));

/** Something is missing that the verdict depends on, unless other trouble is certain. */
export const undecided: Condition = (s) =>
  [...COLUMNS, ...QUESTIONS].some(
    ({ name, needed, decides }) => decides && s.database?.unreadable?.includes(name) && needed(s),
  ) ||
  (noOwner(s) && slotsNotKnown(s)) ||
  (mayWaitForSlot(s) && leftAlone(s)) ||
  (s.age === null && ((noOwner(s) && !capacityWait(s)) || ownerGone(s)));

/** Archived chats are nobody's to mend. */
export const clockAhead: Condition = (s) =>
  s.runnable ? s.rowAhead || s.leaseAhead : s.database?.archived === false && s.rowAhead;
/** The age of the row would never tell that nobody works on the chat. Replicas of other platforms do not go by that age. */
const rowKeepsOthersAway: Condition = (s) =>
  s.platform === 'own' && s.runnable && s.rowAhead && !capacityWait(s) && (noOwner(s) || leaseIsNotFresh(s));
/** No worker takes the chat before that time. */
export const aheadAndAlone: Condition = (s) => rowKeepsOthersAway(s) || leaseKeepsOthersAway(s);
