/**
 * Time and chance. Only this file touches the real ones. All other code is handed a Clock, so that a test can set it.
 * Wall time is for showing. Durations and deadlines use the monotonic reading, which never jumps.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Stop, type StopSignal } from './stopSignal.ts';

/** Time and chance, as a process sees them. */
export interface Clock {
  /** Wall time of this machine. Never subtract it from a timestamp of another machine. */
  now(): Date;
  /** Milliseconds since a fixed moment; only differences mean anything. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds, or as soon as `signal` aborts. Infinity waits for the signal alone. Never
   * rejects.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Random number from 0 up to, not including, 1. */
  random(): number;
}

/** Longest wait of one timer of Node, about 24.8 days. A longer one would fire after 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Clock of the machine. A pending sleep alone does not keep the process running. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    for (let leftMs = ms; !signal?.aborted; leftMs -= LONGEST_TIMER_MS) {
      await delay(Math.min(leftMs, LONGEST_TIMER_MS), undefined, signal ? { signal } : {}).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
      if (leftMs <= LONGEST_TIMER_MS) return;
    }
  },
  random: () => Math.random(),
};

/**
 * Calls `stop` once `ms` milliseconds are over, or when `signal` aborts.
 * If there is no time, or the signal has aborted, it calls it at once, before it returns.
 * @param ms undefined: time alone never stops it
 * @returns a function that ends the waiting
 */
export function whenOver(ms: number | undefined, signal: StopSignal | undefined, stop: () => void): () => void {
  if (signal?.aborted || (ms !== undefined && ms <= 0)) {
    stop();
    return () => {};
  }
  const timer = ms === undefined ? undefined : setTimeout(stop, ms);
  signal?.addEventListener('abort', stop);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  };
}

/**
 * Makes a signal that aborts after `ms` milliseconds, or with `parent`. Without any time left it aborts at once.
 * `clear` frees the timer. Where no AbortSignal is needed, `deadlineStop` costs less.
 */
export function deadlineSignal(ms: number, parent?: StopSignal): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const abort = () =>
    controller.abort(parent?.aborted ? parent.reason : new DOMException(`No answer within ${ms} ms`, 'TimeoutError'));
  return { signal: controller.signal, clear: whenOver(ms, parent, abort) };
}

/** Makes a `StopSignal` with a deadline, as `deadlineSignal` makes an AbortSignal. */
export function deadlineStop(ms: number, parent?: StopSignal): { signal: StopSignal; clear(): void } {
  const stop = new Stop();
  return { signal: stop, clear: whenOver(ms, parent, () => stop.abort()) };
}
