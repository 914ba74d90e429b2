/** For which chats it is worth a look what keeps workers from them. Pure. */
import type { Thresholds } from '../../domain/thresholds.ts';

/** What is left of a second look when a notification was lost. */
const GRACE_SECONDS = 2;

interface Chat {
  readonly status: string;
  readonly archived: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly updatedAgeSeconds: number | null;
}

const RUNNABLE: readonly string[] = ['running', 'interrupting', 'requires_action'];

/** Whether a worker should own the chat. */
export const isRunnableRow = ({ status, archived }: Chat): boolean => !archived && RUNNABLE.includes(status);

export const isUnowned = ({ workerId, runnerId }: Chat): boolean => workerId === null || runnerId === null;

/** Whether nobody works on the chat, where replicas share their slots: whoever has one is named. */
export const waitsForSlot = (chat: Chat): boolean => isRunnableRow(chat) && chat.workerId === null;

/** How long a chat may take to be picked up. */
export const pickUpSeconds = ({ acquisitionIntervalSeconds }: Thresholds): number =>
  acquisitionIntervalSeconds + GRACE_SECONDS;

/** Whether workers have had time to look since the row changed. One ahead of the clock is not waited for. */
export const isSettled = ({ updatedAgeSeconds: age }: Chat, thresholds: Thresholds): boolean =>
  age !== null && (age > pickUpSeconds(thresholds) || age < -thresholds.clockAheadSeconds);
