/**
 * A task's write. It is fenced with the chat as it was when the task started, and repeated until the database takes it.
 */
import type { Clock } from '../../../common/clock.ts';
import type { Transition } from '../../../domain/transitions.ts';
import type { ChatStore, WriteOutcome } from './chatStore.ts';
import { callDatabase } from './databaseCall.ts';
import type { Task } from './task.ts';

/** @throws an error of the store that cannot pass */
export function writeFenced(
  task: Task,
  runnerId: string,
  { store, clock }: { store: ChatStore; clock: Clock },
  ...transitions: Transition[]
): Promise<WriteOutcome> {
  const { id, status, historyVersion } = task.chat;
  return callDatabase(task, clock, () =>
    store.applyFenced(id, { runnerId, status, historyVersion, seen: task.chat }, ...transitions),
  );
}
