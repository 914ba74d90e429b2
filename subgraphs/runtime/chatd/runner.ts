/**
 * A runner drives one acquired chat. It hears of the chat's states, in the order of their `snapshot_version`.
 * It runs the one task that the newest state asks for.
 * A task of an earlier state is cancelled. It may still finish, and writes nothing, because every write is fenced.
 * The runner is always in one of the phases:
 *
 *   STARTING ──first state──▶ RUNNING ──chat at rest, lost, or handed over──▶ STOPPING ──last task ended──▶ gone
 */
import type { Clock } from '../../../common/clock.ts';
import { TransitionRefused } from '../../../domain/transitions.ts';
import type { Logger } from '../../../server/log.ts';
import type { LeaseInspection, RunnerInspection, RunnerPhase } from '../inspector.ts';
import { awaitDeadline } from './actionTimeout.ts';
import { lastAttempt } from './backoff.ts';
import { brokenTurn, brokeOff, isGivenUp, pauseMs } from './breakOffs.ts';
import { type ChatState, readChats } from './chatState.ts';
import type { WriteOutcome } from './chatStore.ts';
import { writeFenced } from './fencedWrite.ts';
import { type GenerationTools, generate } from './generation.ts';
import { interrupt } from './interruption.ts';
import type { Lease } from './lease.ts';
import { failure } from './modelErrors.ts';
import { dropLease } from './release.ts';
import { Task, type TaskKind } from './task.ts';
import { TurnCalls } from './turnCalls.ts';
import { OWN_PROVIDER } from './turnRules.ts';

/** Milliseconds by which a deadline must differ to be another one: the database only tells how far off it is. */
const DEADLINE_TOLERANCE_MS = 1_000;

interface RunnerOptions {
  readonly chatId: string;
  readonly runnerId: string;
  readonly workerId: string;
  readonly lease: Lease;
  readonly kit: GenerationTools;
  readonly log: Logger;
  /** Called when a task broke off; it begins again after a pause. */
  readonly onBrokeOff: () => void;
  /** Called when the runner is gone and holds nothing any more. */
  readonly onGone: (runner: Runner) => void;
}

export class Runner {
  readonly chatId: string;
  readonly runnerId: string;
  lease: Lease;
  readonly #options: RunnerOptions;
  readonly #clock: Clock;
  readonly #startedAt: Date;
  readonly #startedMs: number;
  #phase: RunnerPhase = 'STARTING';
  #chat: ChatState | undefined;
  #lastUpdateAt: Date | null = null;
  #active: Task | undefined;
  /** Last task, if it broke off. */
  #broken: Task | undefined;
  /** End of the wait for tool results as of the newest look, in monotonic milliseconds; Infinity: never. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #idleSinceMs: number;
  readonly #tasks = new Set<Task>();
  readonly #calls = new TurnCalls();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#clock = options.kit.clock;
    this.chatId = options.chatId;
    this.runnerId = options.runnerId;
    this.lease = options.lease;
    this.#startedAt = this.#clock.now();
    this.#startedMs = this.#idleSinceMs = this.#clock.monotonicMs();
  }

  get phase(): RunnerPhase {
    return this.#phase;
  }

  /** User whose chat it is; undefined: it has seen no state of it yet. */
  get ownerId(): string | undefined {
    return this.#chat?.ownerId;
  }

  /** True if a state of this version is news. One that JavaScript cannot count exactly always is. */
  isBehind(snapshotVersion: number): boolean {
    if (!this.#chat || !Number.isSafeInteger(snapshotVersion)) return true;
    return snapshotVersion > this.#chat.snapshotVersion;
  }

  /** Version of the last state that it took; 0 before the first. */
  get snapshotVersion(): number {
    return this.#chat?.snapshotVersion ?? 0;
  }

  /**
   * Takes a state of the chat. One that is not newer than the last counts only if its deadline moved, or if the database has gone
   * back in time. A failover that loses commits does that.
   * @param known version that it had when the row was asked for
   */
  update(chat: ChatState, known = 0): void {
    const isBack = chat.snapshotVersion < known;
    if (isBack || this.isBehind(chat.snapshotVersion) || this.#isMovedDeadline(chat)) this.#adopt(chat);
  }

  #isMovedDeadline(chat: ChatState): boolean {
    const active = this.#active;
    if (active?.kind !== 'REQUIRES_ACTION_TIMEOUT' || chat.historyVersion !== active.chat.historyVersion) return false;
    if (taskFor(chat) !== active.kind || chat.snapshotVersion !== this.#chat?.snapshotVersion) return false;
    return Math.abs(this.#deadlineOf(chat) - this.#deadlineMs) > DEADLINE_TOLERANCE_MS;
  }

  #deadlineOf({ deadlineInMs }: ChatState): number {
    return deadlineInMs === null ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() + deadlineInMs;
  }

  #adopt(chat: ChatState): void {
    if (this.#phase === 'STOPPING') return;
    this.#phase = 'RUNNING';
    this.#chat = chat;
    this.#lastUpdateAt = this.#clock.now();
    if (chat.runnerId === null) this.leave();
    else if (chat.runnerId !== this.runnerId) this.lose('another runner has the chat');
    else this.#pursue(chat);
  }

  /** Stops without writing: the lease is lost, or can no longer be believed. */
  lose(reason: string): void {
    if (this.#phase === 'STOPPING') return;
    this.#options.log.warn({ chatId: this.chatId, runnerId: this.runnerId, reason }, 'runner stops without the chat');
    this.#stop();
  }

  /** Stops after the chat has been given up. */
  leave(): void {
    if (this.#phase !== 'STOPPING') this.#stop();
  }

  /** Stops, and gives the chat up at once, whatever its state, so that another worker can take it. */
  async handOver(): Promise<void> {
    if (this.#phase === 'STOPPING') return;
    this.#stop();
    await this.#options.kit.store.applyFenced(this.chatId, { runnerId: this.runnerId }, { name: 'abandon' });
  }

  #stop(): void {
    this.#phase = 'STOPPING';
    this.#active?.cancel();
    this.#rest();
    this.#leaveWhenIdle();
  }

  #rest(): void {
    if (this.#active) this.#idleSinceMs = this.#clock.monotonicMs();
    this.#active = undefined;
  }

  #leaveWhenIdle(): void {
    if (this.#phase === 'STOPPING' && this.#tasks.size === 0) this.#options.onGone(this);
  }

  /** Keeps the active task if the state asks for it, else puts the right one in its place. */
  #pursue(chat: ChatState): void {
    const kind = taskFor(chat);
    const active = this.#active;
    const isSame = active?.kind === kind && active.chat.historyVersion === chat.historyVersion;
    if (isSame && !this.#isMovedDeadline(chat)) return;
    active?.cancel();
    const { clock, maxAttempts } = this.#options.kit;
    const broken = this.#broken;
    const before = broken?.kind === kind && broken.chat.historyVersion === chat.historyVersion ? broken : undefined;
    const task = new Task(kind, chat, { clock, maxAttempts, before });
    this.#deadlineMs = this.#deadlineOf(chat);
    this.#active = task;
    this.#tasks.add(task);
    void this.#run(task);
  }

  async #run(task: Task): Promise<void> {
    this.#broken = undefined;
    const outcome = await this.#work(task).catch((error: unknown) => this.#brokeOff(task, error));
    this.#tasks.delete(task);
    const wasActive = this.#active === task;
    if (wasActive) this.#rest();
    if (task.kind === 'ABANDON' && outcome?.kind === 'done') this.#stop();
    if (outcome?.chat) this.#settle(outcome.kind, outcome.chat, wasActive);
    if (outcome && !outcome.chat) this.lose('the chat is gone');
    // It broke off, or its answer was no news: the state that asked for it still stands.
    if (wasActive && !this.#active && this.#phase === 'RUNNING' && this.#chat) this.#pursue(this.#chat);
    this.#leaveWhenIdle();
  }

  /**
   * Pauses before the same work begins again; longer each time.
   * @returns the present row, if the state machine refused the task: the row is not what it was taken for
   */
  async #brokeOff(task: Task, error: unknown): Promise<WriteOutcome | undefined> {
    if (task.signal.aborted) return undefined;
    const { kit, log, onBrokeOff } = this.#options;
    task.breakOffs = brokeOff(task.breakOffs, error);
    this.#broken = task;
    onBrokeOff();
    log.warn({ err: error, chatId: this.chatId, task: task.kind, breakOffs: task.breakOffs.count }, 'a task broke off');
    if (task.kind === 'ABANDON' && isGivenUp(task.breakOffs)) await this.#leaveAtRest();
    await this.#clock.sleep(pauseMs(task.breakOffs, this.#clock.random()), task.signal);
    if (!(error instanceof TransitionRefused) || task.signal.aborted) return undefined;
    const [chat] = await readChats(kit.pool, [this.chatId]).catch(() => []);
    return chat && { kind: 'lost', chat };
  }

  /** Lets go of a chat at rest that cannot be given up. Without its lease it is taken as soon as it is runnable. */
  async #leaveAtRest(): Promise<void> {
    await dropLease(this.#options.kit.pool, this.chatId, this.runnerId).catch(() => {}); // else it grows old
    this.lose('the database refuses to release the chat');
  }

  /**
   * Takes the row that a fence ran into, which is not what this runner took it for.
   * Somebody may have changed it by hand without counting a version, so a row that is not older is believed. So is any that the
   * active task ran into: the database may have gone back in time.
   */
  #settle(kind: WriteOutcome['kind'], chat: ChatState, wasActive: boolean): void {
    const isBelieved = wasActive || chat.snapshotVersion === this.#chat?.snapshotVersion;
    if (kind === 'lost' && isBelieved) this.#adopt(chat);
    else this.update(chat);
  }

  async #work(task: Task): Promise<WriteOutcome | undefined> {
    const { kit } = this.#options;
    switch (task.kind) {
      case 'GENERATION':
        if (task.end || isGivenUp(task.breakOffs) || this.#isUsedUp(task)) return this.#fail(task);
        return generate(task, this.runnerId, kit, this.#calls, (chat) => this.update(chat));
      case 'INTERRUPT':
        return interrupt(task, this.runnerId, kit);
      case 'ABANDON':
        return writeFenced(task, this.runnerId, kit, { name: 'abandon', leavesLease: task.breakOffs.count > 0 });
      case 'REQUIRES_ACTION_TIMEOUT':
        return awaitDeadline(task, this.runnerId, kit);
      default:
        return task.kind satisfies never;
    }
  }

  /** True if a new begin would be one attempt more than the turn may have. */
  #isUsedUp({ breakOffs, chat }: Task): boolean {
    const { maxAttempts } = this.#options.kit;
    const { generationAttempt: made } = chat;
    return breakOffs.count > 0 && maxAttempts > 0 && made > 0 && made === lastAttempt(made, maxAttempts);
  }

  /**
   * Ends a turn whose work breaks off each time, so that the model is not asked for the same for ever.
   * An end that was already decided keeps its reason: the failure to write it says nothing about the turn.
   */
  #fail(task: Task): Promise<WriteOutcome> {
    task.end ??= failure('internal', brokenTurn(task.breakOffs), OWN_PROVIDER);
    return writeFenced(task, this.runnerId, this.#options.kit, { name: 'finishError', error: task.end });
  }

  inspect(
    lease: Omit<LeaseInspection, 'renewedAt' | 'ageSeconds' | 'consecutiveFailures' | 'lastError'>,
  ): RunnerInspection {
    const nowMs = this.#clock.monotonicMs();
    const active = this.#active?.inspect() ?? null;
    return {
      runnerId: this.runnerId,
      workerId: this.#options.workerId,
      chatId: this.chatId,
      phase: this.#phase,
      startedAt: this.#startedAt,
      uptimeSeconds: (nowMs - this.#startedMs) / 1000,
      status: this.#chat?.status ?? null,
      snapshotVersion: this.#chat?.snapshotVersion ?? null,
      historyVersion: this.#chat?.historyVersion ?? null,
      generationAttempt: this.#chat?.generationAttempt ?? null,
      lastUpdateAt: this.#lastUpdateAt,
      activeTaskKind: active?.kind ?? null,
      activeTask: active,
      idleSeconds: active ? null : (nowMs - this.#idleSinceMs) / 1000,
      tasks: [...this.#tasks].map((task) => task.inspect()),
      lease: {
        ...lease,
        renewedAt: this.lease.renewedAt,
        ageSeconds: (nowMs - this.lease.renewedAtMs) / 1000,
        consecutiveFailures: this.lease.consecutiveFailures,
        lastError: this.lease.lastError,
      },
    };
  }
}

/** Kind of task that a state asks for. */
function taskFor(chat: ChatState): TaskKind {
  if (chat.archived) return 'ABANDON';
  switch (chat.status) {
    case 'running':
      return 'GENERATION';
    case 'interrupting':
      return 'INTERRUPT';
    case 'requires_action':
      return 'REQUIRES_ACTION_TIMEOUT';
    default:
      return 'ABANDON';
  }
}
