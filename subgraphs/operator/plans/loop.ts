/** The loop that works plans off. It looks for plans of other operators, or of before a start, by itself. */
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../server/log.ts';
import { startLoop } from '../../../server/loop.ts';
import { failureName } from '../../runtime/chatd/databaseFailure.ts';
import type { ActTools } from '../act.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { countRunning } from './plans.ts';
import { workOff } from './workOff.ts';

const INTERVAL_SECONDS = 5;
/** Milliseconds after which it looks again: another plan may have begun, or this one stopped. */
const LONGEST_WAIT_MS = 500;

interface PlanLoop {
  /** Looks at once. */
  wake(): void;
  /** Resolves when the running item has ended. */
  stop(): Promise<void>;
}

export function startPlans(
  tools: ActTools,
  { metrics, clock, log }: { metrics: OperatorMetrics; clock: Clock; log: Logger },
): PlanLoop {
  const ending = new AbortController();
  let countedMs = Number.NEGATIVE_INFINITY;
  /** Counts the plans for metrics, and again at most once in an interval: each item would be one more question. */
  const count = async () => {
    if (clock.monotonicMs() - countedMs < INTERVAL_SECONDS * 1_000) return;
    countedMs = clock.monotonicMs();
    metrics.plans(await countRunning(tools.pool));
  };
  const work = async () => {
    while (!ending.signal.aborted) {
      await count();
      const inMs = await workOff(tools, metrics, log);
      if (inMs === undefined) return;
      if (inMs > 0) await clock.sleep(Math.min(inMs, LONGEST_WAIT_MS), ending.signal);
    }
  };
  const loop = startLoop({
    ...{ name: 'plans', intervalSeconds: INTERVAL_SECONDS, work, nameOf: failureName, clock, log },
  });
  return {
    wake: loop.wake,
    stop: () => {
      ending.abort();
      return loop.stop();
    },
  };
}
