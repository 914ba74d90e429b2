/** Conditions on what keeps workers from the row. */
import { STANDBY_LAG_SECONDS } from '../limits.ts';
import { over } from '../situation.ts';
import { leaseIsNotFresh } from './lease.ts';
import { capacityWait, noOwner } from './owner.ts';
import { type Condition, rowIsOlderThan } from './time.ts';

/** Seconds; shorter waits happen in any busy database. */
export const WAIT_SECONDS = 10;

export const workerWaits: Condition = ({ task }) => over(task?.waitsForDatabaseSeconds, WAIT_SECONDS);
export const nobodyHasIt: Condition = (s) => noOwner(s) || leaseIsNotFresh(s);

/** True if the database refuses writes. A standby tells so only where workers are connected to it. */
export const databaseReadOnly: Condition = (s) => s.runnable && s.database?.trouble?.canWrite === false;

/**
 * True if the row was read on a standby that is behind its primary: owner and state may have changed since. A standby to
 * which workers are connected is no reader's standby.
 */
export const rowMayBeOld: Condition = ({ database }) => {
  const { isInRecovery, canWrite, replayLagSeconds } = database?.trouble ?? {};
  if (isInRecovery !== true || canWrite === false) return false;
  return (replayLagSeconds ?? Number.POSITIVE_INFINITY) > STANDBY_LAG_SECONDS;
};

/** True if someone needs the row now: its owner, or the next one. */
export const rowIsNeeded: Condition = (s) =>
  nobodyHasIt(s) || workerWaits(s) || s.database?.trouble?.rowAwaited === true;

export const rowLocked: Condition = (s) => {
  const { trouble } = s.database ?? {};
  if (!s.runnable || trouble?.rowLocked !== true) return false;
  // An owner that nobody asks cannot say that it waits.
  if (!nobodyHasIt(s) && !workerWaits(s) && s.owner !== 'NOT_ASKED') return false;
  if (trouble.rowLockedSeconds !== null) return trouble.rowLockedSeconds > WAIT_SECONDS;
  // Any writer holds a row for a moment. If the length of the hold is unknown, the row's age counts only once somebody
  // should take it.
  return workerWaits(s) || (nobodyHasIt(s) && !capacityWait(s) && rowIsOlderThan(s, s.pickUpSeconds + WAIT_SECONDS));
};
