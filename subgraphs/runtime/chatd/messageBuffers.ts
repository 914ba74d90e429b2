/**
 * The parts that this replica's model calls have streamed so far, in memory.
 * Each episode (chat, history version, generation attempt) has a buffer of 1 MiB; later parts are dropped and counted.
 * A closed buffer is forgotten 15 s later, once nobody reads it, and its answer is in the history or given up.
 */
import { EventEmitter, once } from 'node:events';
import type { Clock } from '../../../common/clock.ts';
import type { StreamEvent } from '../inspector.ts';
import { BUFFER_CAPACITY_BYTES, type Episode, MessageBuffer } from './messageBuffer.ts';

const KEPT_AFTER_CLOSE_MS = 15_000;

export class MessageBuffers {
  readonly #clock: Clock;
  readonly #byChat = new Map<string, MessageBuffer[]>();
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #totalBytes: number;
  #bytes = 0;
  #count = 0;
  #opened = 0;

  /** @param totalBytes limit of all buffers together */
  constructor(clock: Clock, totalBytes: number) {
    this.#clock = clock;
    this.#totalBytes = totalBytes;
  }

  open(episode: Episode): MessageBuffer {
    this.#opened += 1;
    this.#count += 1;
    const buffer = new MessageBuffer(episode, this.#opened, this.#clock, {
      hasRoomFor: (bytes) => this.#bytes + bytes <= this.#totalBytes,
      grew: (bytes) => {
        this.#bytes += bytes;
      },
      changed: () => this.wake(episode.chatId),
    });
    this.#byChat.set(episode.chatId, [...this.ofChat(episode.chatId), buffer]);
    this.wake(episode.chatId);
    return buffer;
  }

  /** Buffers of a chat, oldest first. */
  ofChat(chatId: string): readonly MessageBuffer[] {
    return this.#byChat.get(chatId) ?? [];
  }

  /** True if the next part may already find no room. */
  get isFull(): boolean {
    return this.#bytes + BUFFER_CAPACITY_BYTES > this.#totalBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Size of all buffers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Forgets what nobody needs any more; called about once a second. */
  sweep(): void {
    const before = this.#clock.monotonicMs() - KEPT_AFTER_CLOSE_MS;
    for (const [chatId, buffers] of this.#byChat) {
      const kept = buffers.filter(
        ({ closedAt, closedAtMs, subscribers, isOwed }) =>
          !closedAt || subscribers > 0 || isOwed || closedAtMs > before,
      );
      for (const buffer of buffers) if (!kept.includes(buffer)) this.#bytes -= buffer.bytes;
      this.#count -= buffers.length - kept.length;
      if (kept.length === 0) this.#byChat.delete(chatId);
      else if (kept.length < buffers.length) this.#byChat.set(chatId, kept);
    }
  }

  /** Wakes the readers of a chat, to look whether more is to come. */
  wake(chatId: string): void {
    this.#events.emit(chatId);
  }

  /**
   * Follows every part of the chat's newest episode, and of later ones.
   * @param more true while episodes may still come: false once no runner works on the chat
   */
  async *follow(chatId: string, more: () => boolean, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    let last: MessageBuffer | undefined;
    while (!signal.aborted) {
      const after = last?.sequence;
      const buffers = this.ofChat(chatId);
      const next = after === undefined ? buffers.at(-1) : buffers.find((buffer) => buffer.sequence > after);
      if (next) yield* this.#read(next, signal);
      else if (more()) await this.#change(chatId, signal);
      else return;
      last = next ?? last;
    }
  }

  async *#read(buffer: MessageBuffer, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const { chatId, historyVersion, generationAttempt } = buffer.episode;
    buffer.subscribers += 1;
    try {
      yield { type: 'episode', historyVersion, generationAttempt };
      for (let place = 0; !signal.aborted; ) {
        const part = buffer.parts[place];
        if (part) {
          yield { type: 'part', part };
          place += 1;
        } else if (buffer.closedAt) {
          yield { type: 'closed' };
          return;
        } else {
          await this.#change(chatId, signal);
        }
      }
    } finally {
      buffer.subscribers -= 1;
    }
  }

  /** Resolves when something of the chat has changed, or with `signal`. */
  async #change(chatId: string, signal: AbortSignal): Promise<void> {
    await once(this.#events, chatId, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
