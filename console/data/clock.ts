/** Time and chance in a browser. Only this file touches the real ones. */
import { signal } from '@preact/signals';

/** Milliseconds since 1970, by this machine's clock. */
export const nowMs = (): number => Date.now();

/** Milliseconds since the page was opened; it never jumps. */
export const monotonicMs = (): number => performance.now();

/** Number from 0 up to, not including, 1. */
export const chance = (): number => Math.random();

/** Calls `run` once after `ms`. @returns ends the waiting */
export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** Calls `run` every `ms`. @returns ends it */
export function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms);
  return () => clearInterval(timer);
}

/** Resolves after `ms`, or when `signal` aborts. */
export const sleep = (ms: number, aborting?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (aborting?.aborted) return resolve();
    const end = after(ms, resolve);
    aborting?.addEventListener('abort', () => {
      end();
      resolve();
    });
  });

/** Wall time that moves once a second while the page is seen. Whatever shows an age reads it. */
export const second = signal(Date.now());
every(1_000, () => {
  if (!document.hidden) second.value = Date.now();
});
document.addEventListener('visibilitychange', () => {
  second.value = Date.now();
});
