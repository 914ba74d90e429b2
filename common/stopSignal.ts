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
