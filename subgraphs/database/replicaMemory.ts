/** The replicas as this process last read them, for the time when the database does not answer. */
import type { Clock } from '../../common/clock.ts';
import type { ReplicaRow } from './questions/replicaRows.ts';

/** Argument of `replicas`. True: only live ones. False: only the others. Undefined: all. */
type Alive = boolean | undefined;

interface Remembered {
  readonly rows: readonly ReplicaRow[];
  /** Seconds after which a row that nobody renewed is not alive. */
  readonly staleAfterSeconds: number;
  readonly atMs: number;
}

export class ReplicaMemory {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #answers = new Map<Alive, Remembered>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  remember(alive: Alive, rows: readonly ReplicaRow[], staleAfterSeconds: number): void {
    this.#answers.set(alive, { rows, staleAfterSeconds, atMs: this.#clock.monotonicMs() });
  }

  /**
   * Last answer to the same question, else the matching part of the last answer about all. In one that is older than rows may
   * be, nobody is called alive. Undefined: neither is there, or the question is who is alive and the answer is that old.
   */
  recall(alive: Alive): readonly ReplicaRow[] | undefined {
    const all = this.#answers.get(undefined);
    const fresh = [this.#answers.get(alive), all].find((one) => one && this.#isFresh(one));
    if (alive === undefined) return fresh?.rows ?? all?.rows.map((row) => ({ ...row, isAlive: false }));
    return fresh?.rows.filter((row) => row.isAlive === alive);
  }

  #isFresh({ staleAfterSeconds, atMs }: Remembered): boolean {
    return this.#clock.monotonicMs() - atMs <= staleAfterSeconds * 1_000;
  }
}
