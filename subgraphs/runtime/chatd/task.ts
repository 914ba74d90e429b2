/** One piece of a runner's work, and what can be seen of it from outside. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../common/clock.ts';
import type { LastError } from '../../../domain/messages.ts';
import type { RunnerTaskKind, TaskInspection } from '../inspector.ts';
import { type BreakOffs, NEVER } from './breakOffs.ts';
import type { ChatState } from './chatState.ts';

/** What this worker does; `OTHER` is for those that are not this project's. */
export type TaskKind = Exclude<RunnerTaskKind, 'OTHER'>;

/** Kinds that get on by themselves; the others only wait. */
const WORKING: readonly TaskKind[] = ['GENERATION', 'INTERRUPT'];

export interface TaskOptions {
  readonly clock: Clock;
  /** 0: no limit. */
  readonly maxAttempts: number;
  readonly before: Task | undefined;
}

export class Task {
  readonly id = randomUUID();
  readonly kind: TaskKind;
  /** The chat as it was when the task was started: what its writes are fenced with. */
  readonly chat: ChatState;
  attempt: number | null = null;
  nextRetryAt: Date | null = null;
  lastError: string | null = null;
  /** With what the turn ends, once that is decided, until it is written. */
  end: LastError | undefined;
  /** Those of the work on this state of the chat, tasks before this one included. */
  breakOffs: BreakOffs;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #startedAt: Date;
  readonly #startedMs: number;
  #progressAt: Date;
  #progressMs: number;
  #cancelledAt: Date | null = null;
  #callBeganMs: number | null = null;
  #waitsFor: string | null = null;
  /** Limit for the model calls of one step. Null: there is none, or the task makes no calls. */
  readonly #maxAttempts: number | null;

  /** @param before the task that broke off and is begun again: to begin again is no progress */
  constructor(kind: TaskKind, chat: ChatState, { clock, maxAttempts, before }: TaskOptions) {
    this.kind = kind;
    this.chat = chat;
    this.#clock = clock;
    this.#maxAttempts = kind === 'GENERATION' && maxAttempts > 0 ? maxAttempts : null;
    this.breakOffs = before?.breakOffs ?? NEVER;
    this.end = before?.end;
    this.#startedAt = clock.now();
    this.#startedMs = clock.monotonicMs();
    this.#progressAt = before ? before.#progressAt : this.#startedAt;
    this.#progressMs = before ? before.#progressMs : this.#startedMs;
  }

  /** Aborts when the task is cancelled. It may still finish, but must not write. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** To be called at every part, and at every tool that begins or ends. While the database is waited for, nothing gets on. */
  progress(): void {
    if (this.#callBeganMs !== null) return;
    this.#progressAt = this.#clock.now();
    this.#progressMs = this.#clock.monotonicMs();
  }

  beginDatabaseCall(): void {
    this.#callBeganMs = this.#clock.monotonicMs();
  }

  /** @param reason in one word without content */
  noteWait(reason: string): void {
    this.#waitsFor = reason;
  }

  endDatabaseCall(): void {
    this.#callBeganMs = null;
    this.#waitsFor = null;
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
      breakOffs: this.breakOffs.count,
      lastBreakOff: this.breakOffs.last,
      waitsForDatabaseSeconds: this.#callBeganMs === null ? null : (nowMs - this.#callBeganMs) / 1000,
      databaseError: this.#waitsFor,
      label: this.#waitsFor === null ? null : `waits for the database: ${this.#waitsFor}`,
      maxAttempts: this.#maxAttempts,
      progressWithinSeconds: null,
    };
  }
}
