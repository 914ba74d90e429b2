/** The parts that one model call has streamed, as numbers: their content stays with the worker. */
import type { MessageBuffer } from '../domain/protocol/answers.ts';
import type { SteadyClock } from './steadyClock.ts';

export interface BufferOptions {
  readonly historyVersion?: number;
  readonly generationAttempt?: number;
  /** Bytes that it may hold. */
  readonly capacityBytes?: number;
}

export class MessageBufferHandle {
  readonly #options: BufferOptions;
  readonly #clock: SteadyClock;
  readonly #openedAt: number;
  #parts = 0;
  #bytes = 0;
  #dropped = 0;
  #subscribers: number | undefined;
  #lastPartAt: number | undefined;
  #closedAt: number | undefined;

  constructor(options: BufferOptions, clock: SteadyClock) {
    this.#options = options;
    this.#clock = clock;
    this.#openedAt = clock.mark();
  }

  /** Notes a part. @param bytes its size */
  part(bytes: number): void {
    this.#parts += 1;
    this.#bytes += bytes;
    this.#lastPartAt = this.#clock.mark();
  }

  /** Notes a part that came after the buffer was full. */
  drop(): void {
    this.#dropped += 1;
  }

  /** Notes how many readers follow it now. */
  readers(count: number): void {
    this.#subscribers = count;
  }

  /** Notes that no more parts will come. */
  close(): void {
    this.#closedAt ??= this.#clock.mark();
  }

  told(): MessageBuffer {
    return {
      ...this.#options,
      partsBuffered: this.#parts,
      bytesBuffered: this.#bytes,
      partsDropped: this.#dropped,
      subscriberCount: this.#subscribers,
      isClosed: this.#closedAt !== undefined,
      openedAt: this.#clock.told(this.#openedAt),
      lastPartAt: this.#clock.told(this.#lastPartAt),
      closedAt: this.#clock.told(this.#closedAt),
    };
  }
}
