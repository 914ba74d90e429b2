/** The longest delay of the event loop in the last minute, measured without a timer that keeps a process alive. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { SteadyClock } from './steadyClock.ts';

const RESOLUTION_MS = 10;
/** Age at which a measurement is set aside, and a new one begins. */
const SLICE_MS = 30_000;
const MINUTE_MS = 60_000;

/** @returns the delay in milliseconds; null after more than a minute in which nobody asked */
export function loopDelay(clock: SteadyClock): () => number | null {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let sinceMs = clock.mark();
  let before = 0;
  return () => {
    const nowMs = clock.mark();
    const lastedMs = nowMs - sinceMs;
    const highest = Math.max(0, histogram.max / 1e6 - RESOLUTION_MS);
    const told = lastedMs > MINUTE_MS ? null : Math.max(highest, before);
    if (lastedMs > SLICE_MS) {
      before = lastedMs > MINUTE_MS ? 0 : highest;
      histogram.reset();
      sinceMs = nowMs;
    }
    return told;
  };
}
