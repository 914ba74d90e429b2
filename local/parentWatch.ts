import type { Clock } from '../common/clock.ts';

const LOOK_EVERY_MS = 1_000;

/** Resolves when the process that started this one is gone, however it ended; or when `signal` aborts. */
export async function parentGone(clock: Clock, signal: AbortSignal): Promise<void> {
  const parent = process.ppid;
  while (process.ppid === parent && !signal.aborted) await clock.sleep(LOOK_EVERY_MS, signal);
}
