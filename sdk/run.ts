/** A run: the worker's hold on one chat, with its tasks, its lease and its buffers. */
import { randomUUID } from 'node:crypto';
import type { Lease, MessageBuffer, Runner } from '../domain/protocol/answers.ts';
import { MAX_TASKS_TOLD } from '../domain/protocol/paths.ts';
import { requireTime, requireUuid } from './checked.ts';
import { type BufferOptions, MessageBufferHandle } from './messageBuffer.ts';
import type { SteadyClock } from './steadyClock.ts';
import { TaskHandle, type TaskOptions } from './task.ts';
import { inWords } from './words.ts';

/** Buffers of one run that are remembered. */
const MOST_BUFFERS = 10;

/** What is known of the chat's row when it was last looked at. */
interface ChatUpdate {
  readonly status?: string;
  readonly snapshotVersion?: number;
  readonly historyVersion?: number;
  readonly generationAttempt?: number;
}

export interface RunOptions extends ChatUpdate {
  /** Id of the run: what `chats.runner_id` names. Left out: a new one. */
  readonly runnerId?: string;
}

interface Given extends RunOptions {
  readonly clock: SteadyClock;
  readonly lease: { readonly intervalSeconds?: number; readonly staleAfterSeconds?: number } | undefined;
  readonly onEnd: (run: Run) => void;
}

export class Run {
  readonly chatId: string;
  readonly runnerId: string;
  readonly #given: Given;
  readonly #startedAt: number;
  readonly #tasks = new Set<TaskHandle>();
  readonly #buffers: MessageBufferHandle[] = [];
  /** Undefined: it never had a task, so that it may be one that tells of none. */
  #idleSince: number | undefined;
  #lastUpdateAt: number | undefined;
  #update: ChatUpdate = {};
  #renewedAt: number | undefined;
  #renewalError: string | undefined;
  #renewalFailures = 0;
  #isStopping = false;

  constructor(chatId: string, given: Given) {
    const { runnerId = randomUUID(), clock, lease: _, onEnd: __, ...update } = given;
    this.chatId = requireUuid(chatId, 'chatId');
    this.runnerId = requireUuid(runnerId, 'runnerId');
    this.#given = given;
    this.#startedAt = clock.mark();
    if (Object.keys(update).length > 0) this.update(update);
  }

  /** Notes what was last read of the chat's row. */
  update({ status, snapshotVersion, historyVersion, generationAttempt }: ChatUpdate): void {
    this.#update = Object.assign(
      {},
      this.#update,
      status !== undefined && { status },
      snapshotVersion !== undefined && { snapshotVersion },
      historyVersion !== undefined && { historyVersion },
      generationAttempt !== undefined && { generationAttempt },
    );
    this.#lastUpdateAt = this.#given.clock.mark();
  }

  /**
   * Begins a piece of work.
   * @param kind `generation`, `interrupt`, or a word of your own
   * @throws TypeError if the kind is no word, or a promise no number of seconds
   */
  task(kind: string, options: TaskOptions = {}): TaskHandle {
    const { clock } = this.#given;
    const onRest = () => {
      this.#idleSince = clock.mark();
    };
    const onEnd = (ended: TaskHandle) => {
      if (this.#tasks.delete(ended)) onRest();
    };
    const task = new TaskHandle(kind, options, { clock, onRest, onEnd });
    this.#tasks.add(task);
    return task;
  }

  /** Notes a sign of life of the newest task. */
  progress(): void {
    [...this.#tasks].at(-1)?.progress();
  }

  /**
   * Notes that the lease was renewed.
   * @param sentAt when the renewal was sent, if that was a while ago
   * @throws TypeError if it is no time
   */
  lease(sentAt?: Date): void {
    const { clock } = this.#given;
    this.#renewedAt = sentAt === undefined ? clock.mark() : clock.markOf(requireTime(sentAt, 'sentAt'));
    this.#renewalError = undefined;
    this.#renewalFailures = 0;
  }

  /** Notes that a renewal failed. @param reason in a few words without content */
  leaseFailed(reason: unknown): void {
    this.#renewalError = inWords(reason);
    this.#renewalFailures += 1;
  }

  /** Opens a buffer for the parts that a model streams. Only their number and size are told, never their content. */
  buffer(options: BufferOptions = {}): MessageBufferHandle {
    const buffer = new MessageBufferHandle(options, this.#given.clock);
    this.#buffers.push(buffer);
    if (this.#buffers.length > MOST_BUFFERS) this.#buffers.shift();
    return buffer;
  }

  /** Notes that the run cleans up: it lost the chat, gives it up, or the worker stops. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Ends the run: the worker holds the chat no more. Twice is once. */
  end(): void {
    this.#given.onEnd(this);
  }

  told(): Runner {
    const { clock } = this.#given;
    const all = [...this.#tasks].map((task) => task.told());
    const tasks = all.slice(-MAX_TASKS_TOLD);
    const isActive = all.some(({ cancelledAt }) => !cancelledAt);
    return {
      runnerId: this.runnerId,
      phase: this.#isStopping ? 'stopping' : 'running',
      startedAt: clock.told(this.#startedAt),
      ...this.#update,
      lastUpdateAt: clock.told(this.#lastUpdateAt),
      tasks,
      ...(!isActive && { idleSince: clock.told(this.#idleSince) }),
      lease: this.#leaseTold(),
    };
  }

  buffersTold(): MessageBuffer[] {
    return this.#buffers.map((buffer) => buffer.told());
  }

  #leaseTold(): Lease | null {
    const { clock, lease } = this.#given;
    if (!lease && this.#renewedAt === undefined && this.#renewalFailures === 0) return null;
    return {
      ...lease,
      renewedAt: clock.told(this.#renewedAt),
      consecutiveFailures: this.#renewalFailures,
      lastError: this.#renewalError,
    };
  }
}
