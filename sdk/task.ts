/** One piece of a run's work, and its signs of life. */
import { randomUUID } from 'node:crypto';
import type { Task } from '../domain/protocol/answers.ts';
import { requireKind, requireSeconds, requireTime } from './checked.ts';
import type { SteadyClock } from './steadyClock.ts';
import { inBrief, inWords } from './words.ts';

export interface TaskOptions {
  /**
   * Promise of the task: `progress` is called at least this often. A task that breaks it is stuck.
   * Left out: a `generation` or `interrupt` is measured by `NO_PROGRESS_SECONDS` of the gateway once it has made
   * progress, and other work by nothing.
   */
  readonly progressWithinSeconds?: number;
  /** Present work in a few words without content, for a person. */
  readonly label?: string;
  readonly historyVersion?: number;
  /** Number of its attempt, from 1. */
  readonly attempt?: number;
  /** Attempts after which it fails. */
  readonly maxAttempts?: number;
}

interface Given {
  readonly clock: SteadyClock;
  /** Told once it is cancelled. */
  readonly onRest: (task: TaskHandle) => void;
  readonly onEnd: (task: TaskHandle) => void;
}

export class TaskHandle {
  readonly id = randomUUID();
  readonly #kind: string;
  readonly #options: TaskOptions;
  readonly #clock: SteadyClock;
  readonly #onRest: (task: TaskHandle) => void;
  readonly #onEnd: (task: TaskHandle) => void;
  readonly #startedAt: number;
  /** Last sign of life, or begin of an attempt. */
  #progressAt: number;
  #hasProgressed = false;
  #label: string | undefined;
  #attempt: number | undefined;
  #cancelledAt: number | undefined;
  #nextRetryAt: number | undefined;
  #lastError: string | undefined;

  constructor(kind: string, options: TaskOptions, { clock, onRest, onEnd }: Given) {
    const { progressWithinSeconds } = options;
    if (progressWithinSeconds !== undefined) requireSeconds(progressWithinSeconds, 'progressWithinSeconds');
    this.#kind = requireKind(kind);
    this.#options = options;
    this.#clock = clock;
    this.#onRest = onRest;
    this.#onEnd = onEnd;
    this.#startedAt = clock.mark();
    this.#progressAt = this.#startedAt;
    this.#label = inBrief(options.label);
    this.#attempt = options.attempt;
  }

  /** Notes a sign of life: a part came, a tool began or ended. @param label new words for the present work */
  progress(label?: string): void {
    this.#hasProgressed = true;
    this.#goesOn();
    if (label !== undefined) this.#label = inBrief(label);
  }

  /**
   * Notes a failure after which it tries again.
   * @param at time of the next attempt
   * @throws TypeError if it is no time
   */
  retry(at: Date, reason: unknown): void {
    this.#nextRetryAt = this.#clock.markOf(requireTime(at, 'at'));
    this.#lastError = inWords(reason);
  }

  /** Notes that an attempt begins. @param attempt its number, from 1 */
  attempt(attempt: number): void {
    this.#attempt = attempt;
    this.#goesOn();
  }

  /** Notes that it was cancelled, and may still be finishing. */
  cancel(): void {
    if (this.#cancelledAt !== undefined) return;
    this.#cancelledAt = this.#clock.mark();
    this.#onRest(this);
  }

  /** Ends the task. Twice is once. */
  end(): void {
    this.#onEnd(this);
  }

  #goesOn(): void {
    this.#progressAt = this.#clock.mark();
    this.#nextRetryAt = undefined;
  }

  told(): Task {
    const { historyVersion, maxAttempts, progressWithinSeconds } = this.#options;
    const isMeasured = this.#hasProgressed || progressWithinSeconds !== undefined;
    return {
      kind: this.#kind,
      id: this.id,
      label: this.#label,
      historyVersion,
      startedAt: this.#clock.told(this.#startedAt),
      cancelledAt: this.#clock.told(this.#cancelledAt),
      lastProgressAt: isMeasured ? this.#clock.told(this.#progressAt) : undefined,
      progressWithinSeconds,
      attempt: this.#attempt,
      maxAttempts,
      nextRetryAt: this.#clock.told(this.#nextRetryAt),
      lastError: this.#lastError,
    };
  }
}
