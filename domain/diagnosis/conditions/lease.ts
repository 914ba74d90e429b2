/** Conditions on the lease of the runner that the row names. */
import { over, type Situation } from '../situation.ts';
import { ownerGoneLately } from './owner.ts';
import { type Condition, rowIsOlderThan, shouldHaveBeenPickedUp } from './time.ts';

const MANY_FAILED_RENEWALS = 2;

/** Not when nothing is known of the lease. */
export const leaseIsNotFresh: Condition = (s) => !['FRESH', 'NOT_KNOWN'].includes(s.lease);

/** Where no owner was asked, a chat has the time that workers take to look, like one that nobody owns. */
const counts: Condition = (s) =>
  s.runnable && !ownerGoneLately(s) && (!['NOT_ASKED', 'UNOWNED'].includes(s.owner) || shouldHaveBeenPickedUp(s));
export const heartbeatMissing: Condition = (s) => counts(s) && s.lease === 'MISSING';
export const heartbeatStale: Condition = (s) => counts(s) && s.lease === 'STALE';

/** The owner is at the chat, as far as it was asked, so that the lease itself is the trouble. */
export const leaseIsTheTrouble: Condition = (s) => s.owner === 'OK' || s.owner === 'NOT_ASKED';

/** Not once it has run out: what the database says of it, if it says anything, is that it is fresh. */
export const leaseEndangered: Condition = (s: Situation) => {
  if (!s.runnable || s.runnerId === null || leaseIsNotFresh(s) || ownerGoneLately(s)) return false;
  const own = s.rowRunner?.value.lease;
  const late = (s.intervalSeconds + s.staleAfterSeconds) / 2;
  const failures = own?.consecutiveFailures ?? 0;
  return (
    over(s.database?.heartbeat?.ageSeconds, late) || over(own?.ageSeconds, late) || failures >= MANY_FAILED_RENEWALS
  );
};

/**
 * A lease of the future counts as fresh to the replicas of other platforms, and an owner at work would have dated it now at
 * its next renewal.
 */
export const leaseKeepsOthersAway: Condition = (s) =>
  s.platform === 'coder' && s.runnable && s.leaseAhead && s.workerId !== null && rowIsOlderThan(s, s.intervalSeconds);

/** Renewed at the last or the last but one occasion, so that somebody renews it. */
export const leaseIsRenewed: Condition = (s) =>
  s.lease === 'FRESH' && !over(s.database?.heartbeat?.ageSeconds, 2 * s.intervalSeconds);
