/** One of a worker's loops: when it last succeeded, and why it did not since. */
import type { Loop } from '../domain/protocol/answers.ts';
import type { SteadyClock } from './steadyClock.ts';
import { inWords } from './words.ts';

export interface LoopOptions {
  /** Seconds between two runs. */
  readonly intervalSeconds?: number;
}

export class WorkerLoop {
  readonly #options: LoopOptions;
  readonly #clock: SteadyClock;
  #lastRunAt: number | undefined;
  #lastError: string | undefined;
  #failures = 0;

  constructor(options: LoopOptions, clock: SteadyClock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Notes a run that succeeded. */
  ran(): void {
    this.#lastRunAt = this.#clock.mark();
    this.#lastError = undefined;
    this.#failures = 0;
  }

  /** Notes a run that failed. @param reason in a few words without content */
  failed(reason: unknown): void {
    this.#lastError = inWords(reason);
    this.#failures += 1;
  }

  told(): Loop {
    return {
      ...this.#options,
      lastRunAt: this.#clock.told(this.#lastRunAt),
      lastError: this.#lastError,
      consecutiveFailures: this.#failures,
    };
  }
}
