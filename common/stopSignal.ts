/**
 * As much of an AbortSignal as it takes to stop when it aborts. Every AbortSignal is one; what is made for each request need not
 * be an AbortSignal, which costs Node some microseconds to make and as much again to listen to.
 */
export interface StopSignal {
  readonly aborted: boolean;
  /** Why; undefined: nobody said. */
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A signal, and what aborts it. */
export class Stop implements StopSignal {
  readonly #listeners = new Set<() => void>();
  aborted = false;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Tells each listener; the second time nobody. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const told of this.#listeners) told();
  }
}
