/** A loop that runs its work on a timer or when woken, never twice at once, and can report its health. */
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../server/log.ts';
import type { LoopInspection } from '../inspector.ts';
import { failureName } from './databaseFailure.ts';

export interface Loop {
  /** Runs the work at once, or once more if it is running now. */
  wake(): void;
  inspect(): LoopInspection;
  /** Resolves when the running work has ended. It does not begin again. */
  stop(): Promise<void>;
}

interface LoopOptions {
  readonly name: string;
  readonly intervalSeconds: number;
  /** Work of the loop. If it throws, the failure is counted and logged, and the loop goes on. */
  readonly work: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

export function startLoop({ name, intervalSeconds, work, clock, log }: LoopOptions): Loop {
  let lastRunAt: Date | null = null;
  let lastError: string | null = null;
  let consecutiveFailures = 0;
  let stopped = false;
  let pause = new AbortController();

  const runOnce = async () => {
    try {
      await work();
      lastRunAt = clock.now();
      lastError = null;
      consecutiveFailures = 0;
    } catch (error) {
      lastError = failureName(error);
      consecutiveFailures += 1;
      log.warn({ err: error, loop: name, consecutiveFailures }, 'loop failed');
    }
  };
  const run = async () => {
    while (!stopped) {
      pause = new AbortController();
      await runOnce();
      if (!stopped) await clock.sleep(intervalSeconds * 1000, pause.signal);
    }
  };
  const ended = run();
  return {
    wake: () => pause.abort(),
    inspect: () => ({ lastRunAt, lastError, consecutiveFailures, intervalSeconds }),
    stop: () => {
      stopped = true;
      pause.abort();
      return ended;
    },
  };
}
