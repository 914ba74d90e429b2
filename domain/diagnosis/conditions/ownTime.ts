/**
 * Conditions on chats that nobody has to own yet, as views over another platform tell.
 * There a chat waits without an owner: for its start, for its next try, or for its turn in a queue. On other platforms a
 * worker holds a chat while it waits.
 */
import { over } from '../situation.ts';
import type { Condition } from './time.ts';

/** Value of `retry_state.kind` of a chat whose first start lies ahead. */
const SCHEDULED = 'scheduled';
/** Value of `retry_state.kind` of a chat that waits for its turn: another one of its queue is worked on. */
export const QUEUE = 'queue';

const isUnowned: Condition = ({ platform, workerId }) => platform === 'views' && workerId === null;
/**
 * True while the time for its start, or for its next try, lies ahead. Workers then get some time to see that it has come.
 * The row is as old as what set that time, and tells nothing of how late it is.
 */
export const waitsForItsTime: Condition = (s) => isUnowned(s) && over(s.retrySeconds, -s.pickUpSeconds);
/** True while its own queue keeps it back, whoever has room. */
export const waitsInQueue: Condition = (s) => isUnowned(s) && s.runnable && s.database?.retryState?.kind === QUEUE;
/** True if it was never tried, and is to start later. */
export const startsLater: Condition = (s) => waitsForItsTime(s) && s.database?.retryState?.kind === SCHEDULED;
