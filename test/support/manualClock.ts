/** A clock that stands still until a test moves it. */
import type { Clock } from '../../common/clock.ts';

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let nowMs = startMs;
  let sleepers: { untilMs: number; wake: () => void }[] = [];
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((wake) => {
        if (signal?.aborted) return wake();
        const over = () => {
          signal?.removeEventListener('abort', over);
          wake();
        };
        sleepers.push({ untilMs: nowMs + ms, wake: over });
        signal?.addEventListener('abort', over);
      }),
    advance: (ms) => {
      nowMs += ms;
      const due = sleepers.filter((sleeper) => sleeper.untilMs <= nowMs);
      sleepers = sleepers.filter((sleeper) => sleeper.untilMs > nowMs);
      for (const sleeper of due) sleeper.wake();
    },
  };
}
