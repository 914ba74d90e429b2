/** Conditions on the lease of the runner that the row names. */
import { MANY_FAILED_RENEWALS } from '../limits.ts';
import { over, type Situation } from '../situation.ts';
import { ownerGoneLately } from './owner.ts';
import { type Condition, rowIsOlderThan, shouldHaveBeenPickedUp } from './time.ts';

/** True for a stale or missing lease, not for an unknown one. */
export const leaseIsNotFresh: Condition = (s) => !['FRESH', 'NOT_KNOWN'].includes(s.lease);

/** A chat whose owner was not asked has the time that workers take to look, as a chat without an owner has. */
const counts: Condition = (s) =>
  s.runnable && !ownerGoneLately(s) && (!['NOT_ASKED', 'UNOWNED'].includes(s.owner) || shouldHaveBeenPickedUp(s));
export const heartbeatMissing: Condition = (s) => counts(s) && s.lease === 'MISSING';
export const heartbeatStale: Condition = (s) => counts(s) && s.lease === 'STALE';

/** True if the owner is at the chat as far as it was asked, so that the lease itself is the trouble. */
export const leaseIsTheTrouble: Condition = (s) => s.owner === 'OK' || s.owner === 'NOT_ASKED';

/** True for a lease that is late and has not yet run out. */
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
 * True for a lease dated in the future on another platform, where it counts as fresh. A working owner would have dated
 * it now at its next renewal.
 */
export const leaseKeepsOthersAway: Condition = (s) =>
  s.platform === 'coder' &&
  s.runnable &&
  s.leaseAhead &&
  s.workerId !== null &&
  s.runnerId !== null &&
  rowIsOlderThan(s, s.intervalSeconds);

/** True for a lease renewed at the last or the last but one occasion: somebody renews it. */
export const leaseIsRenewed: Condition = (s) =>
  s.lease === 'FRESH' && !over(s.database?.heartbeat?.ageSeconds, 2 * s.intervalSeconds);
