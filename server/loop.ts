/** A loop that runs its work on a timer or when woken, never twice at once, and can report its health. */
import type { Clock } from '../common/clock.ts';
import type { Logger } from './log.ts';

/** Health of a loop. */
interface LoopHealth {
  /** Time at which the work last succeeded, by this machine's clock. Null: never. */
  readonly lastRunAt: Date | null;
  /** Name of the failure of the last run. Null: it succeeded. */
  readonly lastError: string | null;
  readonly consecutiveFailures: number;
  readonly intervalSeconds: number;
}

export interface Loop {
  /** Runs the work at once, or once more if it is running now. */
  wake(): void;
  inspect(): LoopHealth;
  /** Resolves when the running work has ended. It does not begin again. */
  stop(): Promise<void>;
}

interface LoopOptions {
  readonly name: string;
  readonly intervalSeconds: number;
  /** Work of the loop. If it throws, the failure is counted and logged, and the loop goes on. */
  readonly work: () => Promise<void>;
  /** Names a failure in one word, without content. */
  readonly nameOf: (error: unknown) => string;
  readonly clock: Clock;
  readonly log: Logger;
}

export function startLoop({ name, intervalSeconds, work, nameOf, clock, log }: LoopOptions): Loop {
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
      lastError = nameOf(error);
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
