/** One piece of a runner's work, and what can be seen of it from outside. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../common/clock.ts';
import type { RunnerTaskKind, TaskInspection } from '../inspector.ts';
import type { ChatState } from './chatState.ts';

/** Kinds that get on by themselves; the others only wait. */
const WORKING: readonly RunnerTaskKind[] = ['GENERATION', 'INTERRUPT'];

export class Task {
  readonly id = randomUUID();
  readonly kind: RunnerTaskKind;
  /** The chat as it was when the task was started: what its writes are fenced with. */
  readonly chat: ChatState;
  attempt: number | null = null;
  nextRetryAt: Date | null = null;
  lastError: string | null = null;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #startedAt: Date;
  readonly #startedMs: number;
  #progressAt: Date;
  #progressMs: number;
  #cancelledAt: Date | null = null;

  constructor(kind: RunnerTaskKind, chat: ChatState, clock: Clock) {
    this.kind = kind;
    this.chat = chat;
    this.#clock = clock;
    this.#startedAt = this.#progressAt = clock.now();
    this.#startedMs = this.#progressMs = clock.monotonicMs();
  }

  /** Aborts when the task is cancelled. It may still finish, but must not write. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** To be called at every part, and at every tool that begins or ends. */
  progress(): void {
    this.#progressAt = this.#clock.now();
    this.#progressMs = this.#clock.monotonicMs();
  }

  cancel(): void {
    this.#cancelledAt ??= this.#clock.now();
    this.#controller.abort();
  }

  inspect(): TaskInspection {
    const nowMs = this.#clock.monotonicMs();
    const works = WORKING.includes(this.kind);
    return {
      id: this.id,
      kind: this.kind,
      historyVersion: this.chat.historyVersion,
      startedAt: this.#startedAt,
      runningSeconds: (nowMs - this.#startedMs) / 1000,
      cancelledAt: this.#cancelledAt,
      lastProgressAt: works ? this.#progressAt : null,
      secondsSinceProgress: works ? (nowMs - this.#progressMs) / 1000 : null,
      attempt: this.attempt,
      nextRetryAt: this.nextRetryAt,
      secondsUntilRetry: this.nextRetryAt && (this.nextRetryAt.getTime() - this.#clock.now().getTime()) / 1000,
      lastError: this.lastError,
    };
  }
}
