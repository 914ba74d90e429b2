/**
 * Time of a worker. A moment is held as a monotonic reading, and told by the wall clock as it is when it is told. So every
 * age in an answer stays true when the machine's clock is set.
 */
import type { Clock } from '../common/clock.ts';

/** Clock that a worker is given. One without a monotonic reading, as in a test, is never set. */
export type GivenClock = Pick<Clock, 'now'> & Partial<Pick<Clock, 'monotonicMs'>>;

/** Difference from the wall clock up to which it is only read at another moment, or slewed. Told moments stand still then. */
const SET_MS = 1_000;
/** Last moment that a Date can hold; the first lies as far on the other side. */
const LAST_MS = 8.64e15;

export class SteadyClock {
  readonly #clock: GivenClock;
  #offsetMs: number;

  constructor(clock: GivenClock) {
    this.#clock = clock;
    this.#offsetMs = clock.now().getTime() - this.mark();
  }

  /** Reading for the present moment, in milliseconds; only differences mean anything. */
  mark(): number {
    return this.#clock.monotonicMs?.() ?? this.#clock.now().getTime();
  }

  /** Reading for a moment of the wall clock. */
  markOf(moment: Date): number {
    return moment.getTime() - this.#offset();
  }

  /** The present moment, in step with all that `told` says. */
  now(): Date {
    return new Date(this.mark() + this.#offset());
  }

  /** Moment of a reading, as the protocol has it. */
  told(mark: number): string;
  told(mark: number | undefined): string | undefined;
  told(mark: number | undefined): string | undefined {
    if (mark === undefined) return undefined;
    const ms = mark + this.#offset();
    return new Date(Math.max(-LAST_MS, Math.min(ms, LAST_MS))).toISOString(); // a wait that has no end may lie at the last
  }

  #offset(): number {
    const offsetMs = this.#clock.now().getTime() - this.mark();
    if (Math.abs(offsetMs - this.#offsetMs) > SET_MS) this.#offsetMs = offsetMs;
    return this.#offsetMs;
  }
}
