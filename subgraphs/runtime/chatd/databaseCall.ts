/**
 * A task's call of the database, repeated until it succeeds or the task is cancelled.
 * What the model has said must not be lost, nor asked for twice, while the database is away, read-only or locked.
 * A runner that loses its lease meanwhile cancels its task.
 */
import type { Clock } from '../../../common/clock.ts';
import { retryDelayMs } from './backoff.ts';
import { failureName, mayPass } from './databaseFailure.ts';
import type { Task } from './task.ts';

/** Milliseconds; short, so that the task goes on soon after the database does. */
const LONGEST_DELAY_MS = 5_000;

/** @throws an error of the call that cannot pass, or any error once the task is cancelled */
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
