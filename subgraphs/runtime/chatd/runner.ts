/**
 * A runner drives one acquired chat. It is told of the chat's states, in the order of their `snapshot_version`, and keeps
 * the one task going that the newest state asks for; a task whose state has passed is cancelled, may still finish, and
 * writes nothing, because every write is fenced. What it is doing is always one of the phases:
 *
 *   STARTING ──first state──▶ RUNNING ──chat at rest, lost, or handed over──▶ STOPPING ──last task ended──▶ gone
 */
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../common/log.ts';
import type { LeaseInspection, RunnerInspection, RunnerPhase, RunnerTaskKind } from '../inspector.ts';
import type { ChatState } from './chatState.ts';
import type { Outcome } from './chatStore.ts';
import { type GenerationTools, generate } from './generation.ts';
import { interrupt } from './interruption.ts';
import type { Lease } from './lease.ts';
import { Task } from './task.ts';

export interface RunnerOptions {
  readonly chatId: string;
  readonly runnerId: string;
  readonly workerId: string;
  readonly lease: Lease;
  readonly kit: GenerationTools;
  readonly log: Logger;
  /** Milliseconds before a task that broke off (the database was away, say) is begun again. */
  readonly restartDelayMs: number;
  /** The runner is gone: it holds nothing any more. */
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
  #idleSinceMs: number;
  readonly #tasks = new Set<Task>();

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

  /** The newest version of the chat that it knows of; 0: none yet. */
  get snapshotVersion(): number {
    return this.#chat?.snapshotVersion ?? 0;
  }

  /** Takes a state of the chat; one that is not newer than the last is passed over. */
  update(chat: ChatState): void {
    if (chat.snapshotVersion > this.snapshotVersion) this.#adopt(chat);
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

  /** Stops without writing: the lease is lost, or can no longer be believed in. */
  lose(reason: string): void {
    if (this.#phase === 'STOPPING') return;
    this.#options.log.warn({ chatId: this.chatId, runnerId: this.runnerId, reason }, 'runner stops without the chat');
    this.#stop();
  }

  /** Stops: the chat has been given up. */
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

  /** Keeps the active task if it is the one that the state asks for, else puts that one in its place. */
  #pursue(chat: ChatState): void {
    const kind = taskFor(chat);
    const active = this.#active;
    if (active?.kind === kind && active.chat.historyVersion === chat.historyVersion) return;
    active?.cancel();
    const task = new Task(kind, chat, this.#clock);
    this.#active = task;
    this.#tasks.add(task);
    void this.#run(task);
  }

  async #run(task: Task): Promise<void> {
    const outcome = await this.#work(task).catch(async (error: unknown) => {
      this.#options.log.warn({ err: error, chatId: this.chatId, task: task.kind }, 'a task broke off');
      await this.#clock.sleep(this.#options.restartDelayMs, task.signal);
      return undefined;
    });
    this.#tasks.delete(task);
    const wasActive = this.#active === task;
    if (wasActive) this.#rest();
    if (task.kind === 'ABANDON' && outcome?.kind === 'done') this.#stop();
    if (outcome?.chat) this.#settle(outcome.kind, outcome.chat);
    if (outcome && !outcome.chat) this.lose('the chat is gone');
    // It broke off, or its answer was no news: the state that asked for it still stands.
    if (wasActive && !this.#active && this.#phase === 'RUNNING' && this.#chat) this.#pursue(this.#chat);
    this.#leaveWhenIdle();
  }

  /**
   * A fence that does not hold says that the row is not what this runner took it for. Somebody may have changed it by hand
   * and counted no version, so a row that is not older than the known one is believed.
   */
  #settle(kind: Outcome['kind'], chat: ChatState): void {
    if (kind === 'lost' && chat.snapshotVersion === this.snapshotVersion) this.#adopt(chat);
    else this.update(chat);
  }

  async #work(task: Task): Promise<Outcome | undefined> {
    const { kit } = this.#options;
    switch (task.kind) {
      case 'GENERATION':
        return generate(task, this.runnerId, kit, (chat) => this.update(chat));
      case 'INTERRUPT':
        return interrupt(task, this.runnerId, kit);
      case 'ABANDON': {
        const { status, historyVersion } = task.chat;
        const fence = { runnerId: this.runnerId, status, historyVersion };
        return kit.store.applyFenced(this.chatId, fence, { name: 'abandon' });
      }
      case 'REQUIRES_ACTION_TIMEOUT':
        return this.#awaitDeadline(task);
      default:
        return task.kind satisfies never;
    }
  }

  /** The deadline is the database's; what is left of it was measured there, when the chat was read. */
  async #awaitDeadline(task: Task): Promise<Outcome | undefined> {
    const { status, historyVersion, deadlineInMs } = task.chat;
    await this.#clock.sleep(Math.max(0, deadlineInMs ?? 0), task.signal);
    if (task.signal.aborted) return undefined;
    const fence = { runnerId: this.runnerId, status, historyVersion };
    return this.#options.kit.store.applyFenced(this.chatId, fence, { name: 'cancelRequiresAction' });
  }

  inspect(lease: Omit<LeaseInspection, 'renewedAt' | 'ageSeconds' | 'consecutiveFailures'>): RunnerInspection {
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
      },
    };
  }
}

/** What a state asks of the runner. */
export function taskFor(chat: ChatState): RunnerTaskKind {
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
