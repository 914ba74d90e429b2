/** A promise of runtime protocol 1, with its check. */
import type { Worker } from './worker.ts';

export interface Check {
  /** The promise, as a sentence without its full stop. */
  readonly promise: string;
  /** Sentences on what is wrong. Empty: the promise is kept. */
  readonly problems: (worker: Worker) => Promise<readonly string[]>;
}
