/** Chats for which it is worth looking what keeps workers from them. Pure. */
import { executionState, isRunnable } from '../../domain/executionState.ts';
import { pickUpSeconds, type Thresholds } from '../../domain/thresholds.ts';

interface Chat {
  readonly status: string;
  readonly archived: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly updatedAgeSeconds: number | null;
}

/** True if a worker should own the chat. */
export const isRunnableRow = (chat: Chat): boolean => isRunnable(executionState({ ...chat, queueDepth: 0 }));

export const isUnowned = ({ workerId, runnerId }: Chat): boolean => workerId === null || runnerId === null;

/** True if nobody works on the chat, where replicas share their slots: the holder of a slot is named. */
export const waitsForSlot = (chat: Chat): boolean => isRunnableRow(chat) && chat.workerId === null;

/** True if workers have had time to look since the row changed. A row ahead of the clock is not waited for. */
export const isSettled = ({ updatedAgeSeconds: age }: Chat, thresholds: Thresholds): boolean =>
  age !== null && (age > pickUpSeconds(thresholds) || age < -thresholds.clockAheadSeconds);
