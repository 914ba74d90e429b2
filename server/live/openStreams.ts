/** All open streams: the second hand that they go by, and their end. */
import type { Clock } from '../../common/clock.ts';
import { STOPPING, type StreamEnd } from './ends.ts';

const SWEEP_MS = 1_000;
/** Milliseconds over which the ends are spread, so that clients do not all come back at once; shorter than a drain. */
const SPREAD_MS = 4_000;

interface Stream {
  /** Called about each second. */
  sweep(): void;
  end(end: StreamEnd): void;
}

export class OpenStreams {
  readonly #clock: Clock;
  readonly #streams = new Set<Stream>();
  readonly #closed = new AbortController();
  #isClosing = false;

  /** Sweeps until it is closed. */
  constructor(clock: Clock) {
    this.#clock = clock;
    void this.#sweep();
  }

  /** True once no more streams are to be opened. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  add(stream: Stream): void {
    this.#streams.add(stream);
  }

  delete(stream: Stream): void {
    this.#streams.delete(stream);
  }

  /** Ends the streams one after another. */
  drain(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    void this.#endSlowly([...this.#streams]);
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosing = true;
    this.#closed.abort();
    for (const stream of [...this.#streams]) stream.end(STOPPING);
  }

  async #endSlowly(streams: readonly Stream[]): Promise<void> {
    for (const stream of streams) {
      await this.#clock.sleep(SPREAD_MS / streams.length, this.#closed.signal);
      stream.end(STOPPING);
    }
  }

  async #sweep(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.#clock.sleep(SWEEP_MS, this.#closed.signal);
      for (const stream of [...this.#streams]) stream.sweep();
    }
  }
}
