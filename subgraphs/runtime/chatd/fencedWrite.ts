/** A task's write: fenced with the chat as it was when the task was started, and tried until the database takes it. */
import type { Clock } from '../../../common/clock.ts';
import type { Transition } from '../../../domain/transitions.ts';
import type { ChatStore, Outcome } from './chatStore.ts';
import { callDatabase } from './databaseCall.ts';
import type { Task } from './task.ts';

/** @throws what the store throws if that cannot pass */
export function writeFenced(
  task: Task,
  runnerId: string,
  { store, clock }: { store: ChatStore; clock: Clock },
  ...transitions: Transition[]
): Promise<Outcome> {
  const { id, status, historyVersion } = task.chat;
  return callDatabase(task, clock, () => store.applyFenced(id, { runnerId, status, historyVersion }, ...transitions));
}
