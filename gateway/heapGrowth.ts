/**
 * The limit on how far the heap may grow before it is collected.
 * With memory enough, V8 lets it grow to four times what was alive at the last collection: 350 MB resident for 45 MB
 * alive.
 * A fixed percentage would let a full heap grow too far, or collect a small one so often that it costs throughput
 * (`bench/README.md`).
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of the old objects at which they are collected, which keeps the process below 200 MB. */
const COLLECTED_AT_BYTES = 70_000_000;
/** Share of what is alive, however much that is: to collect more often would take most of the time. */
const LEAST_PERCENT = 40;
/** Growth in per cent while little is alive, as at the start: much more may be alive at the next collection. */
const MOST_PERCENT = 100;

/** Limits the heap for as long as the process runs. */
export function limitHeapGrowth(): void {
  letGrow(LEAST_PERCENT);
  new PerformanceObserver((list) => {
    const isFull = list.getEntries().some((entry) => kindOf(entry) === constants.NODE_PERFORMANCE_GC_MAJOR);
    if (!isFull) return;
    const room = Math.round((COLLECTED_AT_BYTES / oldBytes() - 1) * 100);
    letGrow(Math.min(Math.max(room, LEAST_PERCENT), MOST_PERCENT));
  }).observe({ entryTypes: ['gc'] });
}

/** Sets the growth, which V8 reads at the end of each full collection. */
const letGrow = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);

const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !name.startsWith('new_'))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);

function kindOf(entry: object): unknown {
  const detail = 'detail' in entry ? entry.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : undefined;
}
