/**
 * Time and chance. This is the only file that touches the real ones: everything else is handed a Clock, so that a test
 * can set it. Wall time is for showing; durations and deadlines use the monotonic reading, which never jumps.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Stop, type StopSignal } from './stopSignal.ts';

/** What a process knows of time and chance. */
export interface Clock {
  /** Wall time of this machine. Never subtract it from a timestamp of another machine. */
  now(): Date;
  /** Milliseconds since some fixed moment; only differences mean anything. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds (Infinity: never for that), or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to, not including, 1. */
  random(): number;
}

/** Longest wait of one timer of Node, which takes a longer one for 1 ms: about 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real one. A pending sleep alone does not keep the process running unless something else does. */
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
 * Calls `stop` `ms` milliseconds from now (undefined: never for that), and when `signal` aborts; at once, before it returns, if it
 * has aborted or there is no time.
 * @returns ends the waiting; for its user's next line
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
 * A signal that aborts `ms` milliseconds from now (at once when there are none), or with `parent`. `clear` on the next line of
 * its user frees the timer. Where no AbortSignal is needed, `deadlineStop` costs less.
 */
export function deadlineSignal(ms: number, parent?: StopSignal): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const abort = () =>
    controller.abort(parent?.aborted ? parent.reason : new DOMException(`No answer within ${ms} ms`, 'TimeoutError'));
  return { signal: controller.signal, clear: whenOver(ms, parent, abort) };
}

/** The same for a signal of our own. */
export function deadlineStop(ms: number, parent?: StopSignal): { signal: StopSignal; clear(): void } {
  const stop = new Stop();
  return { signal: stop, clear: whenOver(ms, parent, () => stop.abort()) };
}
