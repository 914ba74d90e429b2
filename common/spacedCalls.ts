/** A call that comes when it is wanted, and not too often. */
import type { Clock } from './clock.ts';

/**
 * Makes a function that asks for a call. The first comes at once, later ones at most every `everyMs` milliseconds, and one
 * that was asked for always comes.
 * @param signal ends the calls when it aborts
 */
export function spacedCalls(call: () => void, everyMs: number, clock: Clock, signal: AbortSignal): () => void {
  let calledMs = Number.NEGATIVE_INFINITY;
  let isWaiting = false;
  const callNow = () => {
    isWaiting = false;
    if (signal.aborted) return;
    calledMs = clock.monotonicMs();
    call();
  };
  return () => {
    if (isWaiting) return;
    const waitMs = calledMs + everyMs - clock.monotonicMs();
    if (waitMs <= 0) return callNow();
    isWaiting = true;
    void clock.sleep(waitMs, signal).then(callNow);
  };
}
