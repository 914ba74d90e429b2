/** The buffer of one episode: what a model call has streamed so far. */
import type { Clock } from '../../../common/clock.ts';
import type { StreamPart } from '../../../domain/messages.ts';
import type { MessageBufferInspection } from '../inspector.ts';

export const BUFFER_CAPACITY_BYTES = 1024 * 1024;

export interface Episode {
  readonly chatId: string;
  readonly historyVersion: number;
  readonly generationAttempt: number;
}

/** Services that a buffer asks of its store, and its reports to it. */
interface Owner {
  hasRoomFor(bytes: number): boolean;
  grew(bytes: number): void;
  changed(): void;
}

/** First parts of one episode, without a hole: what comes after a dropped one is dropped, too. Only its generation writes to it, and only until it is closed. */
export class MessageBuffer {
  readonly episode: Episode;
  /** Number that grows with each buffer of this process. */
  readonly sequence: number;
  readonly openedAt: Date;
  readonly parts: StreamPart[] = [];
  bytes = 0;
  partsDropped = 0;
  subscribers = 0;
  /** True while its answer is whole and is yet to be written: until then it is all that a person who interrupts will keep. */
  isOwed = false;
  lastPartAt: Date | null = null;
  closedAt: Date | null = null;
  closedAtMs = 0;
  readonly #clock: Clock;
  readonly #owner: Owner;

  constructor(episode: Episode, sequence: number, clock: Clock, owner: Owner) {
    this.episode = episode;
    this.sequence = sequence;
    this.#clock = clock;
    this.#owner = owner;
    this.openedAt = clock.now();
  }

  /** Adds a part; does nothing once the buffer is closed, because what was committed must not grow. */
  add(part: StreamPart): void {
    if (this.closedAt) return;
    const bytes = Buffer.byteLength(JSON.stringify(part));
    this.lastPartAt = this.#clock.now();
    const hasRoom = this.bytes + bytes <= BUFFER_CAPACITY_BYTES && this.#owner.hasRoomFor(bytes);
    if (this.partsDropped > 0 || !hasRoom) {
      this.partsDropped += 1;
      return;
    }
    this.parts.push(part);
    this.bytes += bytes;
    this.#owner.grew(bytes);
    this.#owner.changed();
  }

  close(): void {
    if (this.closedAt) return;
    this.closedAt = this.#clock.now();
    this.closedAtMs = this.#clock.monotonicMs();
    this.#owner.changed();
  }

  inspect(): MessageBufferInspection {
    return {
      historyVersion: this.episode.historyVersion,
      generationAttempt: this.episode.generationAttempt,
      partsBuffered: this.parts.length,
      bytesBuffered: this.bytes,
      capacityBytes: BUFFER_CAPACITY_BYTES,
      partsDropped: this.partsDropped,
      subscriberCount: this.subscribers,
      isClosed: this.closedAt !== null,
      openedAt: this.openedAt,
      lastPartAt: this.lastPartAt,
      closedAt: this.closedAt,
    };
  }
}
