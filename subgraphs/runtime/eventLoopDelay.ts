/** The longest delay of this process's event loop in the last minute. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../common/clock.ts';

const SLICE_MS = 10_000;
const SLICES = 6;
const RESOLUTION_MS = 10;

/** Measurement that runs until it is closed. */
export interface EventLoopDelay {
  /** Milliseconds beyond the timer's own resolution; 0: no delay. */
  highestMs(): number;
  close(): void;
}

export function watchEventLoopDelay(clock: Clock): EventLoopDelay {
  const histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const closed = new AbortController();
  const past: number[] = [];
  const slice = () => Math.max(0, histogram.max / 1e6 - RESOLUTION_MS);
  const turn = async () => {
    while (!closed.signal.aborted) {
      await clock.sleep(SLICE_MS, closed.signal);
      past.unshift(slice());
      past.length = Math.min(past.length, SLICES - 1);
      histogram.reset();
    }
  };
  void turn();
  return {
    highestMs: () => Math.max(slice(), ...past),
    close: () => {
      closed.abort();
      histogram.disable();
    },
  };
}
