/** How long a reading of the database may take. */
import { type Clock, deadlineSignal } from '../../common/clock.ts';
import { databaseUnavailable } from './unavailable.ts';

export interface Deadline {
  /** By the monotonic clock, as `atMs`. */
  readonly begunMs: number;
  readonly atMs: number;
  readonly signal: AbortSignal;
  /** Rejects when the time is up. */
  readonly passed: Promise<never>;
  clear(): void;
}

export function startDeadline(timeoutMs: number, clock: Clock): Deadline {
  const { signal, clear } = deadlineSignal(timeoutMs);
  const passed = aborted(signal).then(() => Promise.reject(databaseUnavailable()));
  passed.catch(() => {}); // nobody may be waiting
  const begunMs = clock.monotonicMs();
  return { begunMs, atMs: begunMs + timeoutMs, signal, passed, clear };
}

/** Resolves when it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
