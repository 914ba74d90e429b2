/** One piece of a runner's work, and what others can see of it. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../common/clock.ts';
import type { LastError } from '../../../domain/messages.ts';
import type { RunnerTaskKind, TaskInspection } from '../inspector.ts';
import { lastAttempt } from './backoff.ts';
import { type BreakOffs, NEVER } from './breakOffs.ts';
import type { ChatState } from './chatState.ts';

/** Kind of this worker's tasks; `OTHER` is for other workers. */
export type TaskKind = Exclude<RunnerTaskKind, 'OTHER'>;

/** Kinds that progress by themselves; the others only wait. */
const WORKING: readonly TaskKind[] = ['GENERATION', 'INTERRUPT'];

interface TaskOptions {
  readonly clock: Clock;
  /** Attempts before the turn fails; 0: no limit. */
  readonly maxAttempts: number;
  readonly before: Task | undefined;
}

export class Task {
  readonly id = randomUUID();
  readonly kind: TaskKind;
  /** The chat as it was when the task started. Its writes are fenced with that. */
  readonly chat: ChatState;
  attempt: number | null = null;
  lastError: string | null = null;
  /** Error with which the turn ends, from the decision until it is written. */
  end: LastError | undefined;
  /** Break-offs of the work on this state of the chat, earlier tasks included. */
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
  #nextRetryAt: Date | null = null;
  #nextRetryMs = 0;
  /** Limit for the model calls of one step. Null: there is none, or the task makes no calls. */
  readonly #maxAttempts: number | null;

  /** @param before the broken task that begins again: a new begin is no progress */
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

  /** Notes progress: at every part, and at every tool that begins or ends. A wait for the database is none. */
  progress(): void {
    if (this.#callBeganMs !== null) return;
    this.#progressAt = this.#clock.now();
    this.#progressMs = this.#clock.monotonicMs();
  }

  /** Notes a pause, after which it calls the model again. */
  pausesFor(delayMs: number): void {
    this.#nextRetryAt = new Date(this.#clock.now().getTime() + delayMs);
    this.#nextRetryMs = this.#clock.monotonicMs() + delayMs;
  }

  /** Notes that the model is called again. */
  goesOn(): void {
    this.#nextRetryAt = null;
  }

  beginDatabaseCall(): void {
    this.#callBeganMs = this.#clock.monotonicMs();
  }

  /** @param reason one word without content */
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
      nextRetryAt: this.#nextRetryAt,
      secondsUntilRetry: this.#nextRetryAt && (this.#nextRetryMs - nowMs) / 1000,
      lastError: this.lastError,
      breakOffs: this.breakOffs.count,
      lastBreakOff: this.breakOffs.last,
      waitsForDatabaseSeconds: this.#callBeganMs === null ? null : (nowMs - this.#callBeganMs) / 1000,
      databaseError: this.#waitsFor,
      label: this.#waitsFor === null ? null : `waits for the database: ${this.#waitsFor}`,
      maxAttempts: this.#maxAttempts && lastAttempt(this.attempt ?? 1, this.#maxAttempts),
      progressWithinSeconds: null,
    };
  }
}
