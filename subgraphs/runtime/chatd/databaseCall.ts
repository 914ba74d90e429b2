/**
 * A task's call of the database. What the model has said must not be lost, and not be asked for twice, because the database
 * is away, read-only or locked for a while: the same call is made again until it succeeds or the task is cancelled. A runner
 * that loses its lease meanwhile cancels its task.
 */
import type { Clock } from '../../../common/clock.ts';
import { retryDelayMs } from './backoff.ts';
import { failureName, mayPass } from './databaseFailure.ts';
import type { Task } from './task.ts';

/** Short, so that the task goes on soon after the database does. */
const LONGEST_DELAY_MS = 5_000;

/** @throws what the call throws if that cannot pass, or once the task is cancelled */
export async function callDatabase<T>(task: Task, clock: Clock, call: () => Promise<T>): Promise<T> {
  task.beginDatabaseCall();
  try {
    for (let times = 1; ; times += 1) {
      try {
        return await call();
      } catch (error) {
        if (task.signal.aborted || !mayPass(error)) throw error;
        task.noteWait(failureName(error));
        await clock.sleep(Math.min(LONGEST_DELAY_MS, retryDelayMs(times, clock.random())), task.signal);
        if (task.signal.aborted) throw error;
      }
    }
  } finally {
    task.endDatabaseCall();
  }
}
