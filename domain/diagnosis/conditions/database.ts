/** Conditions on what keeps workers from the row. */
import { over } from '../situation.ts';
import { leaseIsNotFresh } from './lease.ts';
import { capacityWait, noOwner } from './owner.ts';
import { type Condition, rowIsOlderThan } from './time.ts';

/** Shorter waits than this are those of any busy database, in seconds. */
export const WAIT_SECONDS = 10;

export const workerWaits: Condition = ({ task }) => over(task?.waitsForDatabaseSeconds, WAIT_SECONDS);
export const nobodyHasIt: Condition = (s) => noOwner(s) || leaseIsNotFresh(s);

/** On a standby the database says so only where workers are connected to it; otherwise it does not know. */
export const databaseReadOnly: Condition = (s) => s.runnable && s.database?.trouble?.canWrite === false;

/** Whoever has the chat, if anybody has, needs the row now. */
export const rowIsNeeded: Condition = (s) =>
  nobodyHasIt(s) || workerWaits(s) || s.database?.trouble?.rowAwaited === true;

export const rowLocked: Condition = (s) => {
  const { trouble } = s.database ?? {};
  if (!s.runnable || trouble?.rowLocked !== true) return false;
  // An owner that nobody asks cannot say that it waits.
  if (!nobodyHasIt(s) && !workerWaits(s) && s.owner !== 'NOT_ASKED') return false;
  if (trouble.rowLockedSeconds !== null) return trouble.rowLockedSeconds > WAIT_SECONDS;
  // Any writer holds a row for a moment. Where it cannot be told for how long, the age of a row that nobody is to take yet says nothing.
  return workerWaits(s) || (nobodyHasIt(s) && !capacityWait(s) && rowIsOlderThan(s, s.pickUpSeconds + WAIT_SECONDS));
};
