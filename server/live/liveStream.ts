/** The connection of one client that watches. It is never sent faster than it reads. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../common/clock.ts';
import { Refusal } from '../graphql/answer.ts';
import { type EndCode, endOf, errorText, type StreamEnd } from './ends.ts';
import type { Framing } from './framings.ts';
import { Latest } from './latest.ts';
import type { LiveAnswer } from './liveAnswer.ts';
import type { Watcher } from './watchLoop.ts';

/** Milliseconds without an event after which the newest answer is sent again. */
const SILENCE_MS = 10_000;
/** Milliseconds that a client with full buffers has to read something. */
const PATIENCE_MS = 10_000;

interface LiveStreamOptions {
  /** Response whose head was sent. */
  readonly response: ServerResponse;
  readonly framing: Framing;
  readonly identify: Watcher['identify'];
  readonly clock: Clock;
  /** Called once, whoever ended it. */
  readonly onEnd: (code: EndCode) => void;
  /** Called with the number of answers that the client did not get. */
  readonly onSkipped: (answers: number) => void;
}

export class LiveStream implements Watcher {
  readonly #options: LiveStreamOptions;
  readonly #latest = new Latest<LiveAnswer>();
  #newest: LiveAnswer | undefined;
  #sentMs: number;
  #blockedMs = 0;
  #hasEnded = false;

  constructor(options: LiveStreamOptions) {
    const { response, framing, clock } = options;
    this.#options = options;
    this.#sentMs = clock.monotonicMs();
    response.on('drain', () => this.#drained());
    response.once('close', () => this.#ended('CLIENT_GONE'));
    if (framing.opening !== '') this.#write(framing.opening);
  }

  /** True if it was given an answer. */
  get hasAnswer(): boolean {
    return this.#newest !== undefined;
  }

  get identify(): Watcher['identify'] {
    return this.#options.identify;
  }

  /** Sends an answer, now or when the client has read what it was sent before. */
  take(answer: LiveAnswer): void {
    this.#newest = answer;
    if (this.#latest.offer(answer)) this.#write(answer.event(this.#options.framing));
  }

  /** Keeps an answer in which nothing has changed, for the next sign of life. */
  renew(answer: LiveAnswer): void {
    this.#newest = answer;
  }

  /**
   * Gives a sign of life after a silence. Ends the stream of a client that does not read, and of one whose token is no
   * longer good. Call it about each second.
   */
  sweep(): void {
    const { clock, framing, response } = this.#options;
    if (response.req.socket.destroyed) this.#ended('CLIENT_GONE'); // `close` misses it behind another response
    if (this.#hasEnded) return;
    void this.#identify();
    const nowMs = clock.monotonicMs();
    if (this.#latest.isBlocked) {
      if (nowMs - this.#blockedMs < PATIENCE_MS) return;
      this.#ended('SLOW_READER');
      response.destroy();
    } else if (this.#newest && nowMs - this.#sentMs >= SILENCE_MS) {
      this.#write(this.#newest.alive(framing));
    }
  }

  /** Ends the stream, and tells the client why. */
  end(end: StreamEnd): void {
    if (this.#hasEnded) return;
    const { framing, response } = this.#options;
    const { isBlocked } = this.#latest;
    this.#ended(end.code);
    if (isBlocked) response.destroy();
    else response.end(framing.end(errorText(end)));
  }

  async #identify(): Promise<void> {
    const who = await this.#options.identify();
    if (who instanceof Refusal) this.end(endOf(who));
  }

  #ended(code: EndCode): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnd(code);
  }

  #write(event: Buffer | string): void {
    if (this.#hasEnded) return;
    const { clock, response } = this.#options;
    this.#sentMs = clock.monotonicMs();
    if (response.write(event)) return;
    this.#latest.block();
    this.#blockedMs = this.#sentMs;
  }

  #drained(): void {
    const held = this.#latest.drain();
    if (!held) return;
    const { framing, onSkipped } = this.#options;
    const { answer, skipped } = held;
    if (skipped > 0) onSkipped(skipped);
    this.#write(
      skipped > 0 ? framing.event(answer.rest, `"extensions":{"skipped":${skipped}},`) : answer.event(framing),
    );
  }
}
