/** One piece of a run's work, and its signs of life. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../common/clock.ts';
import type { Task } from '../domain/protocol/answers.ts';
import { inWords } from './words.ts';

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

export class TaskHandle {
  readonly id = randomUUID();
  readonly #kind: string;
  readonly #options: TaskOptions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onEnd: (task: TaskHandle) => void;
  readonly #startedAt: Date;
  #progressAt: Date;
  #label: string | undefined;
  #attempt: number | undefined;
  #cancelledAt: Date | undefined;
  #nextRetryAt: Date | undefined;
  #lastError: string | undefined;

  constructor(kind: string, options: TaskOptions, clock: Pick<Clock, 'now'>, onEnd: (task: TaskHandle) => void) {
    this.#kind = kind;
    this.#options = options;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#startedAt = clock.now();
    this.#progressAt = this.#startedAt;
    this.#label = options.label;
    this.#attempt = options.attempt;
  }

  /** Notes a sign of life: a part came, a tool began or ended. @param label new words for the present work */
  progress(label?: string): void {
    this.#progressAt = this.#clock.now();
    this.#nextRetryAt = undefined;
    if (label !== undefined) this.#label = label;
  }

  /** Notes a failure after which it tries again. @param at time of the next attempt */
  retry(at: Date, reason: unknown): void {
    this.#nextRetryAt = at;
    this.#lastError = inWords(reason);
  }

  /** Notes that an attempt begins. @param attempt its number, from 1 */
  attempt(attempt: number): void {
    this.#attempt = attempt;
    this.progress();
  }

  /** Notes that it was cancelled, and may still be finishing. */
  cancel(): void {
    this.#cancelledAt ??= this.#clock.now();
  }

  /** Ends the task. Twice is once. */
  end(): void {
    this.#onEnd(this);
  }

  told(): Task {
    const { historyVersion, maxAttempts, progressWithinSeconds } = this.#options;
    return {
      kind: this.#kind,
      id: this.id,
      label: this.#label,
      historyVersion,
      startedAt: this.#startedAt.toISOString(),
      cancelledAt: this.#cancelledAt?.toISOString(),
      lastProgressAt: this.#progressAt.toISOString(),
      progressWithinSeconds,
      attempt: this.#attempt,
      maxAttempts,
      nextRetryAt: this.#nextRetryAt?.toISOString(),
      lastError: this.#lastError,
    };
  }
}
