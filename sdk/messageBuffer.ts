/** The parts that one model call has streamed, as numbers: their content stays with the worker. */
import type { Clock } from '../common/clock.ts';
import type { MessageBuffer } from '../domain/protocol/answers.ts';

export interface BufferOptions {
  readonly historyVersion?: number;
  readonly generationAttempt?: number;
  /** Bytes that it may hold. */
  readonly capacityBytes?: number;
}

export class MessageBufferHandle {
  readonly #options: BufferOptions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #openedAt: Date;
  #parts = 0;
  #bytes = 0;
  #dropped = 0;
  #subscribers: number | undefined;
  #lastPartAt: Date | undefined;
  #closedAt: Date | undefined;

  constructor(options: BufferOptions, clock: Pick<Clock, 'now'>) {
    this.#options = options;
    this.#clock = clock;
    this.#openedAt = clock.now();
  }

  /** Notes a part. @param bytes its size */
  part(bytes: number): void {
    this.#parts += 1;
    this.#bytes += bytes;
    this.#lastPartAt = this.#clock.now();
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
    this.#closedAt ??= this.#clock.now();
  }

  told(): MessageBuffer {
    return {
      ...this.#options,
      partsBuffered: this.#parts,
      bytesBuffered: this.#bytes,
      partsDropped: this.#dropped,
      subscriberCount: this.#subscribers,
      isClosed: this.#closedAt !== undefined,
      openedAt: this.#openedAt.toISOString(),
      lastPartAt: this.#lastPartAt?.toISOString(),
      closedAt: this.#closedAt?.toISOString(),
    };
  }
}
