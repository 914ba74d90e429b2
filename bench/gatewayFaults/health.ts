/** Replicas that must answer: those without a fault that have answered for two seconds. */

/** Milliseconds for which a replica must have answered to count as healthy. */
const HEALTHY_AFTER_MS = 2_000;

interface State {
  isFaulty: boolean;
  /** Time since which all its answers are whole; undefined: none since it was last hit, or the last was not whole. */
  answersSinceMs: number | undefined;
  /** Time at which it last became faulty, or did not answer before it was healthy. */
  badAtMs: number;
}

/** All moments are readings of one monotonic clock, in milliseconds. */
export class Health {
  readonly #states: readonly State[];

  constructor(replicas: number) {
    this.#states = Array.from({ length: replicas }, () => ({
      isFaulty: false,
      answersSinceMs: undefined,
      badAtMs: Number.NEGATIVE_INFINITY,
    }));
  }

  hit(replica: number, atMs: number): void {
    const state = this.#states[replica];
    if (state) Object.assign(state, { isFaulty: true, answersSinceMs: undefined, badAtMs: atMs } satisfies State);
  }

  heal(replica: number): void {
    const state = this.#states[replica];
    if (state) state.isFaulty = false;
  }

  /** True if it was healthy from `fromMs` until `nowMs`. */
  isHealthy(replica: number, fromMs: number, nowMs: number): boolean {
    const { isFaulty = true, answersSinceMs, badAtMs = 0 } = this.#states[replica] ?? {};
    if (isFaulty || answersSinceMs === undefined || nowMs < fromMs) return false;
    return fromMs - answersSinceMs >= HEALTHY_AFTER_MS && badAtMs < fromMs;
  }

  /** Takes note of one half: to be called after `isHealthy` was asked about it. */
  note(replica: number, isWhole: boolean, fromMs: number, nowMs: number): void {
    const state = this.#states[replica];
    if (!state || state.isFaulty || fromMs < state.badAtMs) return;
    if (isWhole) state.answersSinceMs ??= nowMs;
    else if (!this.isHealthy(replica, fromMs, nowMs)) state.answersSinceMs = undefined;
  }
}
