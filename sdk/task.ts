/** One piece of a run's work, and its signs of life. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../common/clock.ts';
import type { Task } from '../domain/protocol/answers.ts';
import { requireTime } from './checked.ts';
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

interface Given {
  readonly clock: Pick<Clock, 'now'>;
  /** Told once it is cancelled. */
  readonly onRest: (task: TaskHandle) => void;
  readonly onEnd: (task: TaskHandle) => void;
}

export class TaskHandle {
  readonly id = randomUUID();
  readonly #kind: string;
  readonly #options: TaskOptions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onRest: (task: TaskHandle) => void;
  readonly #onEnd: (task: TaskHandle) => void;
  readonly #startedAt: Date;
  /** Last sign of life, or begin of an attempt. */
  #progressAt: Date;
  #hasProgressed = false;
  #label: string | undefined;
  #attempt: number | undefined;
  #cancelledAt: Date | undefined;
  #nextRetryAt: Date | undefined;
  #lastError: string | undefined;

  constructor(kind: string, options: TaskOptions, { clock, onRest, onEnd }: Given) {
    this.#kind = kind;
    this.#options = options;
    this.#clock = clock;
    this.#onRest = onRest;
    this.#onEnd = onEnd;
    this.#startedAt = clock.now();
    this.#progressAt = this.#startedAt;
    this.#label = options.label;
    this.#attempt = options.attempt;
  }

  /** Notes a sign of life: a part came, a tool began or ended. @param label new words for the present work */
  progress(label?: string): void {
    this.#hasProgressed = true;
    this.#goesOn();
    if (label !== undefined) this.#label = label;
  }

  /**
   * Notes a failure after which it tries again.
   * @param at time of the next attempt
   * @throws TypeError if it is no time
   */
  retry(at: Date, reason: unknown): void {
    this.#nextRetryAt = requireTime(at, 'at');
    this.#lastError = inWords(reason);
  }

  /** Notes that an attempt begins. @param attempt its number, from 1 */
  attempt(attempt: number): void {
    this.#attempt = attempt;
    this.#goesOn();
  }

  /** Notes that it was cancelled, and may still be finishing. */
  cancel(): void {
    if (this.#cancelledAt) return;
    this.#cancelledAt = this.#clock.now();
    this.#onRest(this);
  }

  /** Ends the task. Twice is once. */
  end(): void {
    this.#onEnd(this);
  }

  #goesOn(): void {
    this.#progressAt = this.#clock.now();
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
      startedAt: this.#startedAt.toISOString(),
      cancelledAt: this.#cancelledAt?.toISOString(),
      lastProgressAt: isMeasured ? this.#progressAt.toISOString() : undefined,
      progressWithinSeconds,
      attempt: this.#attempt,
      maxAttempts,
      nextRetryAt: this.#nextRetryAt?.toISOString(),
      lastError: this.#lastError,
    };
  }
}
