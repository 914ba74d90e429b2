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

/** Resolves after `ms`, or when one of the signals aborts. */
export const sleep = (ms: number, ...given: readonly (AbortSignal | undefined)[]): Promise<void> =>
  new Promise((resolve) => {
    const signals = given.filter((one) => one !== undefined);
    const over = () => {
      end();
      for (const one of signals) one.removeEventListener('abort', over);
      resolve();
    };
    const end = after(signals.some(({ aborted }) => aborted) ? 0 : ms, over);
    for (const one of signals) one.addEventListener('abort', over);
  });

/** Wall time that moves once a second while the page is seen. Whatever shows an age reads it. */
export const second = signal(Date.now());
every(1_000, () => {
  if (!document.hidden) second.value = Date.now();
});
document.addEventListener('visibilitychange', () => {
  second.value = Date.now();
});
