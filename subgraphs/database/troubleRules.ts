/** For which chats it is worth a look what keeps workers from them. Pure. */
import type { Thresholds } from '../../common/thresholds.ts';

/** What is left of a second look when a notification was lost. */
const GRACE_SECONDS = 2;

interface Chat {
  readonly status: string;
  readonly archived: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly updatedAgeSeconds: number | null;
  readonly xmax: string;
}

const RUNNABLE: readonly string[] = ['running', 'interrupting', 'requires_action'];

/** Whether a worker should own the chat. */
export const isRunnableRow = ({ status, archived }: Chat): boolean => !archived && RUNNABLE.includes(status);

export const isUnowned = ({ workerId, runnerId }: Chat): boolean => workerId === null || runnerId === null;

/** How long a chat may take to be picked up. */
export const pickUpSeconds = ({ acquisitionIntervalSeconds }: Thresholds): number =>
  acquisitionIntervalSeconds + GRACE_SECONDS;

/** Whether workers have had time to look since the row changed. One ahead of the clock, or of no age, is not waited for. */
export function isSettled({ updatedAgeSeconds: age }: Chat, thresholds: Thresholds): boolean {
  return age === null || age > pickUpSeconds(thresholds) || age < -thresholds.clockAheadSeconds;
}

/** Whether somebody holds the row, or held it since it was last written. */
export const wasLocked = ({ xmax }: Chat): boolean => xmax !== '0';

/** Whether a lease of that age is good. One ahead of the clock is not. */
export const isFresh = (ageSeconds: number | null, { staleAfterSeconds, clockAheadSeconds }: Thresholds): boolean =>
  ageSeconds !== null && ageSeconds <= staleAfterSeconds && ageSeconds >= -clockAheadSeconds;
