/**
 * Time and chance. This is the only file that touches the real ones: everything else is handed a Clock, so that a test
 * can set it. Wall time is for showing; durations and deadlines use the monotonic reading, which never jumps.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** What a process knows of time and chance. */
export interface Clock {
  /** Wall time of this machine. Never subtract it from a timestamp of another machine. */
  now(): Date;
  /** Milliseconds since some fixed moment; only differences mean anything. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to, not including, 1. */
  random(): number;
}

/** The real one. A pending sleep alone does not keep the process running unless something else does. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    if (signal?.aborted) return;
    await delay(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  },
  random: () => Math.random(),
};

/**
 * A signal that aborts `ms` milliseconds from now (at once when there are none), or with `parent`. `clear` on the next line of
 * its user frees the timer.
 */
export function deadlineSignal(ms: number, parent?: AbortSignal): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort(new DOMException(`No answer within ${ms} ms`, 'TimeoutError'));
  const timer = setTimeout(abort, ms);
  if (ms <= 0) abort();
  const stop = () => controller.abort(parent?.reason);
  if (parent?.aborted) stop();
  parent?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', stop);
    },
  };
}
