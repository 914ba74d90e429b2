/**
 * The part of an AbortSignal that stopping needs; every AbortSignal is one.
 * Requests use this one: an AbortSignal costs Node microseconds to make, and as much again to listen to.
 */
export interface StopSignal {
  readonly aborted: boolean;
  /** Reason of the abort; undefined: none was given. */
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A StopSignal together with the call that aborts it. */
export class Stop implements StopSignal {
  readonly #listeners = new Set<() => void>();
  aborted = false;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Tells each listener once; a second call does nothing. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const told of this.#listeners) told();
  }
}
