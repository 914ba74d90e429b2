/** Time and chance in a browser. Only this file touches the real ones. */
import { signal } from '@preact/signals';

/** Milliseconds by which this machine's clock may be off before the gateway's is gone by. */
const LEAST_SKEW_MS = 5_000;

/** Milliseconds by which the gateway's clock is ahead of this machine's. */
export const skewMs = signal(0);

/** Milliseconds since 1970, by the gateway's clock as far as it is known: a computer's own may be hours off. */
export const nowMs = (): number => Date.now() + skewMs.peek();

/** Milliseconds since 1970, by this machine's clock, which all of its tabs share. */
export const ownMs = (): number => Date.now();

/** Learns the gateway's time from an answer, which names it by the second. */
export function setBy({ headers }: Response): void {
  const aheadMs = Date.parse(headers.get('date') ?? '') + 500 - ownMs();
  const leastMs = skewMs.peek() === 0 ? LEAST_SKEW_MS : LEAST_SKEW_MS / 2; // one at the limit does not go to and fro
  if (!Number.isNaN(aheadMs)) setSkew(Math.abs(aheadMs) < leastMs ? 0 : aheadMs);
}

/** Goes by another clock from now on. A difference that may be the way's is none. */
export function setSkew(aheadMs: number): void {
  if (!Number.isFinite(aheadMs)) return; // a tab of an older version tells none
  if (Math.abs(aheadMs - skewMs.peek()) < LEAST_SKEW_MS / 2) return;
  skewMs.value = aheadMs;
  second.value = nowMs();
}

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
function every(ms: number, run: () => void): () => void {
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
export const second = signal(nowMs());

/** Number of times that this machine has slept, or stood still for so long that its connections may be dead. */
export const sleeps = signal(0);

/** Milliseconds between two ticks of a second after which the machine has slept. */
const SLEPT_MS = 15_000;
let tickedMs = ownMs();
const tick = () => {
  if (Math.abs(ownMs() - tickedMs) > SLEPT_MS) sleeps.value += 1;
  tickedMs = ownMs();
  if (!document.hidden) second.value = nowMs();
};
every(1_000, tick);
document.addEventListener('visibilitychange', tick);
