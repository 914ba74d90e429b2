/** The task of a chat that waits for outside tool results. After the deadline it cancels the open calls. */
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';
import { type ChatState, readChats } from './chatState.ts';
import type { ChatStore, WriteOutcome } from './chatStore.ts';
import { callDatabase } from './databaseCall.ts';
import { writeFenced } from './fencedWrite.ts';
import type { Task } from './task.ts';

/**
 * Waits for the deadline, of which the database measured the rest when the chat was read.
 * Before anything is cancelled the row is read again: somebody may have put the deadline off.
 * Without a deadline the task waits until the chat changes.
 */
export async function awaitDeadline(
  task: Task,
  runnerId: string,
  kit: { store: ChatStore; pool: Pool; clock: Clock },
): Promise<WriteOutcome | undefined> {
  const { pool, clock } = kit;
  const { id: chatId, status, historyVersion } = task.chat;
  const isSame = (chat: ChatState) =>
    chat.runnerId === runnerId && chat.status === status && chat.historyVersion === historyVersion;
  let leftMs = task.chat.deadlineInMs;
  for (;;) {
    await clock.sleep(leftMs === null ? Number.POSITIVE_INFINITY : Math.max(0, leftMs), task.signal);
    if (task.signal.aborted) return undefined;
    const [chat] = await callDatabase(task, clock, () => readChats(pool, [chatId]));
    if (!chat || !isSame(chat)) break; // the write below finds out what became of it
    leftMs = chat.deadlineInMs;
    if (leftMs !== null && leftMs <= 0) break;
  }
  return writeFenced(task, runnerId, kit, { name: 'cancelRequiresAction' });
}
