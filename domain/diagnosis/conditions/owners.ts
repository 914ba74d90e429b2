/** Conditions on the owners that a chat had lately, as its history tells them. */
import { CHANGES_WITHIN_SECONDS, MANY_CHANGES } from '../limits.ts';
import { over, type Situation } from '../situation.ts';
import type { Owner } from '../snapshot.ts';
import { isBeingInterrupted, running } from './row.ts';
import type { Condition } from './time.ts';

/** An owner, with its path in the snapshot. */
export interface PastOwner extends Owner {
  readonly path: string;
}

/**
 * Owners by the history, newest first. Null: none is kept, or it does not know the owner that the row names, as after a
 * time without history.
 */
export function ownersTold({ snapshot, workerId, runnerId }: Situation): readonly PastOwner[] | null {
  const [newest] = snapshot.recentOwners ?? [];
  if (!newest) return null;
  const isOfRow =
    newest.ended === null ? newest.workerId === workerId && newest.runnerId === runnerId : workerId === null;
  if (!isOfRow) return null;
  return (snapshot.recentOwners ?? []).map((owner, i) => ({ ...owner, path: `recentOwners[${i}]` }));
}

/**
 * Owners that began an attempt of the present step, newest first.
 * The row counts the attempts of that step. Going back, each owner accounts for its own, until none is left or an owner
 * had committed a step.
 */
function ownersOfStep(s: Situation): PastOwner[] {
  let left = s.database?.generationAttempt ?? 0;
  const found: PastOwner[] = [];
  for (const owner of ownersTold(s) ?? []) {
    if (left <= 0) break;
    const attempts = owner.attempts ?? 0;
    if (attempts > 0) found.push(owner);
    left -= attempts;
    if (over(owner.stepsCommitted, 0)) break;
  }
  return found;
}

/** Owners from which another runner took the chat in the present step, after they had begun an attempt. */
export const ownersLostAtStep = (s: Situation): PastOwner[] =>
  ownersOfStep(s).filter(({ ended }) => ended === 'TAKEN_OVER');

/** Number of owners that were lost at the present step, and the present one if it has begun, too. */
export const ownersThatBegan = (s: Situation): number =>
  ownersOfStep(s).filter(({ ended }) => ended === 'TAKEN_OVER' || ended === null).length;

/** Attempts of the present step by the present owner. */
export function attemptsOfOwner(s: Situation): number {
  const [newest] = ownersTold(s) ?? [];
  return newest?.ended === null ? Math.min(newest.attempts ?? 0, s.database?.generationAttempt ?? 0) : 0;
}

/** Last owners that ceased to hold the chat, newest first: as many as make a chat that is passed around. */
export const formerOwners = (s: Situation): PastOwner[] =>
  (ownersTold(s) ?? []).filter(({ ended }) => ended !== null).slice(0, MANY_CHANGES);

/** True if the history has not changed for so many versions. Each change of the owner counts at least one. */
function isUnchangedFor(versions: number, { database }: Situation): boolean {
  const { snapshotVersion, historyVersion } = database ?? {};
  if (typeof snapshotVersion !== 'number' || typeof historyVersion !== 'number') return false;
  return snapshotVersion - historyVersion >= versions;
}

/**
 * True for an owner that ceased to hold the chat lately, with work left, though its process lives. One that died or was
 * told to stop had to.
 */
const letGo = ({ ended, stepsCommitted, ownerRow, ageSeconds, seconds }: PastOwner): boolean =>
  ended !== 'FINISHED' &&
  stepsCommitted === 0 &&
  ownerRow === 'ALIVE' &&
  ageSeconds !== null &&
  seconds !== null &&
  ageSeconds - seconds <= CHANGES_WITHIN_SECONDS;

/** True if live owners pass the chat around, and none of them gets anything done. */
export const passedAround: Condition = (s) => {
  const former = formerOwners(s);
  return (
    (running(s) || isBeingInterrupted(s)) &&
    isUnchangedFor(MANY_CHANGES, s) &&
    former.length === MANY_CHANGES &&
    former.every(letGo) &&
    (ownersTold(s) ?? []).every((owner) => owner.ended !== null || owner.stepsCommitted === 0)
  );
};
