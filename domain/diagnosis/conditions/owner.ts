/** Conditions on the replica that the row names, and on those that could take the chat. */

import { NOT_AN_ALLOWED_ADDRESS } from '../../reachabilityReasons.ts';
import { LONG_WAITS } from '../limits.ts';
import { type Situation, under } from '../situation.ts';
import type { Candidate } from '../snapshot.ts';
import { waitsForItsTime, waitsInQueue } from './ownTime.ts';
import { capacityIsWrong, poolIsFull, slotsNotKnown } from './pool.ts';
import { type Condition, rowIsOlderThan, shouldHaveBeenPickedUp } from './time.ts';

/** Judges the owner by its answer, or by its replica row where no replica is asked. A fresh lease outranks the row. */
const ownerIs = (s: Situation, status: string, row: string) =>
  s.runnable &&
  (s.owner === status ||
    (s.owner === 'NOT_ASKED' && s.database?.trouble?.ownerRow === row && !['FRESH', 'NOT_KNOWN'].includes(s.lease)));
export const ownerUnknown: Condition = (s) => ownerIs(s, 'UNKNOWN_REPLICA', 'MISSING');
export const ownerStopped: Condition = (s) => ownerIs(s, 'STOPPED', 'STOPPED');
export const ownerGone: Condition = (s) => ownerUnknown(s) || ownerStopped(s);
/**
 * True if the owner may be at work where nobody sees it. On a platform that is known by views, a row without a runner tells of
 * no lease. A worker without a row is then not known to be dead: it may not show itself yet.
 */
export const ownerMayBeUnseen: Condition = (s) => ownerUnknown(s) && s.platform === 'views' && s.runnerId === null;
/** True if the owner is gone, and a worker may still be about to take the chat. */
export const ownerGoneLately: Condition = (s) => ownerGone(s) && !shouldHaveBeenPickedUp(s);

const SAYS_ENOUGH = ['OK', 'UNKNOWN_REPLICA', 'STOPPED', 'UNOWNED', 'NOT_ASKED', 'NOT_KNOWN'];
export const ownerUnreachable: Condition = (s) => s.runnable && !SAYS_ENOUGH.includes(s.owner);

/** True if another replica listens at the owner's address. */
export const addressTaken: Condition = ({ owner, runtime, workerId }) => {
  const answers = runtime?.value.localWorkerId ?? null;
  return owner === 'REFUSED' && answers !== null && answers !== workerId;
};

const reasonOf = ({ runtime }: Situation) => runtime?.value.reachability?.reason ?? '';
/** True if the gateway may not ask at the owner's address. */
export const addressNotAllowed: Condition = (s) => s.owner === 'UNREACHABLE' && reasonOf(s) === NOT_AN_ALLOWED_ADDRESS;
/** True if the owner does not accept the gateway's token. */
export const tokenRefused: Condition = (s) =>
  s.owner === 'BAD_ANSWER' && (s.platform === 'views' ? /\bHTTP 40[13]\b/ : /\bHTTP 401\b/).test(reasonOf(s));

/** True if the owner's memory is unknown, though it should be known. */
export const ownerNotHeard: Condition = (s) =>
  s.runnable && !['OK', 'UNOWNED', 'NOT_ASKED'].includes(s.owner) && (!ownerGone(s) || ownerMayBeUnseen(s));

/** True for a runnable chat whose row names no worker, or no runner. A platform that is known by views may know no runners. */
export const noOwner: Condition = (s) =>
  s.runnable && s.database !== null && (s.workerId === null || (s.runnerId === null && s.platform !== 'views'));

/** True if the row names nobody from whom the chat could be taken. */
export const isNobodys: Condition = ({ workerId, runnerId }) => workerId === null && runnerId === null;

/** Live replicas that take chats. Stopping ones do not, nor does an owner that cannot be asked. */
export const candidates = ({ snapshot, owner, workerId }: Situation): Candidate[] =>
  (snapshot.candidates ?? []).filter(
    (one) => one.isDraining !== true && (owner === 'OK' || workerId === null || one.workerId !== workerId),
  );
const answered = ({ reachability }: Candidate) => reachability?.status === 'OK';
const isSilent = ({ reachability }: Candidate) => !['OK', 'NOT_ASKED'].includes(reachability?.status ?? 'NOT_ASKED');
/** Live replicas that take chats, were asked for their room, and did not answer. */
export const silent = (s: Situation): Candidate[] => candidates(s).filter(isSilent);
export const full = (s: Situation): Candidate[] => candidates(s).filter((one) => answered(one) && one.isFull === true);
const hasRoom = (one: Candidate) => answered(one) && one.isFull === false;
/** True if a replica has not had room for as long as a worker may take to pick a chat up. */
const onlyLately = (s: Situation, { roomSeconds }: Candidate) => under(roomSeconds, s.pickUpSeconds);
/** Replicas that have had room for so long that they should have taken the chat. */
export const withRoom = (s: Situation): Candidate[] =>
  candidates(s).filter((one) => hasRoom(one) && !onlyLately(s, one));
/** Replicas that got room a moment ago: they have just started, or a runner has just ended. */
export const withRoomLately = (s: Situation): Candidate[] =>
  candidates(s).filter((one) => hasRoom(one) && onlyLately(s, one));

/**
 * Age in seconds of a lease that is younger than the row: somebody changed the row by hand without dating it. Null:
 * there is none.
 */
export function undatedSeconds({ database, age, rowAhead }: Situation): number | null {
  const ages = (database?.heartbeats ?? []).flatMap(({ ageSeconds }) => ageSeconds ?? []);
  const newest = Math.min(...ages.filter((seconds) => seconds >= 0));
  return !rowAhead && age !== null && newest < age ? newest : null;
}
/** True if somebody owned the chat a moment ago. A list goes by the row alone and cannot tell. */
const wasOwnedLately: Condition = (s) => {
  const seconds = undatedSeconds(s);
  return s.snapshot.candidates !== null && seconds !== null && seconds <= s.pickUpSeconds + s.intervalSeconds;
};
/** True if workers have had the time to take a chat without an owner. */
export const leftAlone: Condition = (s) => shouldHaveBeenPickedUp(s) && !wasOwnedLately(s);
/**
 * True for a row ahead of the clock on a platform that ignores its age: it does not tell how long the chat has waited.
 */
export const waitIsNotKnown: Condition = (s) => s.rowAhead && s.platform !== 'own' && leftAlone(s);
/** True if all replicas that could take the chat and answer are full. A silent one proves no room. */
export const noRoom: Condition = (s) =>
  full(s).length > 0 && full(s).length + silent(s).length === candidates(s).length;
/** The same until a moment ago. */
const hadNoRoom: Condition = (s) => {
  const wereFull = full(s).length + withRoomLately(s).length;
  return wereFull > 0 && wereFull + silent(s).length === candidates(s).length;
};
/** True if no replica could take the chat. Candidates are only looked for where the chat names no worker. */
export const noneAlive: Condition = (s) =>
  s.snapshot.candidates !== null && candidates(s).length === 0 && s.workerId === null;

/** True if replicas answer, and each of them is stopping or told to drain. */
export const allDraining: Condition = ({ snapshot }) => {
  const known = snapshot.candidates ?? [];
  return known.length > 0 && known.every(({ isDraining }) => isDraining === true);
};

export const capacityWait: Condition = (s) =>
  noOwner(s) && !waitsForItsTime(s) && (poolIsFull(s) || hadNoRoom(s) || waitsInQueue(s));
/** True if the rows of replicas, where there are any, show none alive. */
export const noRowAlive: Condition = ({ database }) => database?.trouble?.liveReplicas === 0;
/** True if the chat may be waiting for a slot. */
export const mayWaitForSlot: Condition = (s) => noOwner(s) && capacityIsWrong(s) && !hadNoRoom(s);
/** True if nobody has room for the chat, or perhaps nobody: that alone may make it late. */
export const mayLackRoom: Condition = (s) => capacityWait(s) || mayWaitForSlot(s);
export const longCapacityWait: Condition = (s) => !waitsInQueue(s) && rowIsOlderThan(s, LONG_WAITS * s.pickUpSeconds);
/** True if nobody is late: workers still have time to take the chat, or there is no room for it. */
export const waitsForWorker: Condition = (s) => noOwner(s) && (waitsForItsTime(s) || capacityWait(s) || !leftAlone(s));
export const notTaken: Condition = (s) => noOwner(s) && !waitsForItsTime(s) && !capacityWait(s) && !slotsNotKnown(s);
