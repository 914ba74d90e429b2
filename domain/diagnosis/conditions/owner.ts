/** Conditions on the replica that the row names, and on those that could take the chat. */

import { NOT_AN_ALLOWED_ADDRESS } from '../../reachabilityReasons.ts';
import type { Situation } from '../situation.ts';
import type { Candidate } from '../snapshot.ts';
import { capacityIsWrong, poolIsFull, slotsNotKnown } from './pool.ts';
import { type Condition, rowIsOlderThan, shouldHaveBeenPickedUp } from './time.ts';

/** So many times the time to be picked up is a long wait for room. */
const LONG_WAITS = 10;

/** By its row where nobody was asked: a fresh lease then outranks it. */
const ownerIs = (s: Situation, status: string, row: string) =>
  s.runnable &&
  (s.owner === status ||
    (s.owner === 'NOT_ASKED' && s.database?.trouble?.ownerRow === row && !['FRESH', 'NOT_KNOWN'].includes(s.lease)));
export const ownerUnknown: Condition = (s) => ownerIs(s, 'UNKNOWN_REPLICA', 'MISSING');
export const ownerStopped: Condition = (s) => ownerIs(s, 'STOPPED', 'STOPPED');
export const ownerGone: Condition = (s) => ownerUnknown(s) || ownerStopped(s);
/** A worker may still be about to take the chat from it. */
export const ownerGoneLately: Condition = (s) => ownerGone(s) && !shouldHaveBeenPickedUp(s);

const SAYS_ENOUGH = ['OK', 'UNKNOWN_REPLICA', 'STOPPED', 'UNOWNED', 'NOT_ASKED', 'NOT_KNOWN'];
export const ownerUnreachable: Condition = (s) => s.runnable && !SAYS_ENOUGH.includes(s.owner);

/** Another replica than the owner listens at the owner's address. */
export const addressTaken: Condition = ({ owner, runtime, workerId }) => {
  const answers = runtime?.value.localWorkerId ?? null;
  return owner === 'REFUSED' && answers !== null && answers !== workerId;
};

const reasonOf = ({ runtime }: Situation) => runtime?.value.reachability?.reason ?? '';
/** The gateway may not ask at the owner's address. */
export const addressNotAllowed: Condition = (s) => s.owner === 'UNREACHABLE' && reasonOf(s) === NOT_AN_ALLOWED_ADDRESS;
/** The owner does not take the gateway's word for who it is. */
export const tokenRefused: Condition = (s) => s.owner === 'BAD_ANSWER' && /\bHTTP 401\b/.test(reasonOf(s));

/** What the owner holds is not known, though it should be. */
export const ownerNotHeard: Condition = (s) =>
  s.runnable && !['OK', 'UNOWNED', 'NOT_ASKED'].includes(s.owner) && !ownerGone(s);

const unowned: Condition = (s) => s.runnable && s.database !== null && (s.workerId === null || s.runnerId === null);

/** Live replicas that take chats at all: those that stop do not, nor does an owner that cannot be asked. */
export const candidates = ({ snapshot, owner, workerId }: Situation): Candidate[] =>
  (snapshot.candidates ?? []).filter(
    (one) => one.isDraining !== true && (owner === 'OK' || workerId === null || one.workerId !== workerId),
  );
const answered = ({ reachability }: Candidate) => reachability?.status === 'OK';
const isSilent = ({ reachability }: Candidate) => !['OK', 'NOT_ASKED'].includes(reachability?.status ?? 'NOT_ASKED');
/** Live replicas that take chats, were asked for their room, and did not answer. */
export const silent = (s: Situation): Candidate[] => candidates(s).filter(isSilent);
export const full = (s: Situation): Candidate[] => candidates(s).filter((one) => answered(one) && one.isFull === true);
export const withRoom = (s: Situation): Candidate[] =>
  candidates(s).filter((one) => answered(one) && one.isFull === false);

export const noOwner: Condition = unowned;

/** A lease younger than the row: somebody changed the row by hand and did not date it. Null: there is none. */
export function undatedSeconds({ database, age, rowAhead }: Situation): number | null {
  const ages = (database?.heartbeats ?? []).flatMap(({ ageSeconds }) => ageSeconds ?? []);
  const newest = Math.min(...ages.filter((seconds) => seconds >= 0));
  return !rowAhead && age !== null && newest < age ? newest : null;
}
/** Somebody was at it a moment ago. Not where a list goes by the row alone, which cannot look for that in each row. */
const wasOwnedLately: Condition = (s) => {
  const seconds = undatedSeconds(s);
  return s.snapshot.candidates !== null && seconds !== null && seconds <= s.pickUpSeconds + s.intervalSeconds;
};
/** Workers have had the time to take a chat that nobody owns. */
export const leftAlone: Condition = (s) => shouldHaveBeenPickedUp(s) && !wasOwnedLately(s);
/** A row ahead of the clock is in nobody's way where replicas do not go by its age, and does not tell how long it has waited. */
export const waitIsNotKnown: Condition = (s) => s.rowAhead && s.platform !== 'own' && leftAlone(s);
/** All that could take the chat and answer say that they have no room. One that does not answer is no proof of any. */
export const noRoom: Condition = (s) =>
  full(s).length > 0 && full(s).length + silent(s).length === candidates(s).length;
/** Nobody looks for candidates of a chat that still names a worker. */
export const noneAlive: Condition = (s) =>
  s.snapshot.candidates !== null && candidates(s).length === 0 && s.workerId === null;

export const capacityWait: Condition = (s) => unowned(s) && (poolIsFull(s) || noRoom(s));
/** By the rows of replicas, where there are any. */
export const noRowAlive: Condition = ({ database }) => database?.trouble?.liveReplicas === 0;
/** It may wait for a slot, or not. */
export const mayWaitForSlot: Condition = (s) => unowned(s) && capacityIsWrong(s) && !noRoom(s);
/** Nobody has room for it, or it may be so: what is late with it may be late for that alone. */
export const mayLackRoom: Condition = (s) => capacityWait(s) || mayWaitForSlot(s);
export const longCapacityWait: Condition = (s) => rowIsOlderThan(s, LONG_WAITS * s.pickUpSeconds);
export const notTaken: Condition = (s) => unowned(s) && !capacityWait(s) && !slotsNotKnown(s);
