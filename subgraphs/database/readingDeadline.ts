/** The time that a reading of the database may take. */
import { type Clock, deadlineStop, whenOver } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';

export interface Deadline {
  /** Beginning, in milliseconds of the monotonic clock. */
  readonly begunMs: number;
  readonly atMs: number;
  readonly signal: StopSignal;
  /** Rejects with `TimeIsUp` when the time is up. */
  readonly passed: Promise<never>;
  clear(): void;
}

export class TimeIsUp extends Error {
  override name = 'TimeIsUp';
}

/** @param soon called `aheadMs` milliseconds before the time is up */
export function startDeadline(timeoutMs: number, clock: Clock, aheadMs: number, soon: () => void): Deadline {
  const { signal, clear } = deadlineStop(timeoutMs);
  const neverMind = whenOver(timeoutMs - aheadMs, undefined, soon);
  const passed = aborted(signal).then(() => Promise.reject(new TimeIsUp()));
  passed.catch(() => {}); // nobody may be waiting
  const begunMs = clock.monotonicMs();
  return {
    ...{ begunMs, atMs: begunMs + timeoutMs, signal, passed },
    clear: () => {
      neverMind();
      clear();
    },
  };
}

/** Resolves when the signal has aborted. */
export function aborted(signal: StopSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', resolve));
}
