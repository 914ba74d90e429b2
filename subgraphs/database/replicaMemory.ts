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
   * Last answer to the same question, else the matching part of the last answer about all; undefined: neither is there.
   * Nobody is called alive whose row was read longer ago than rows may be old.
   */
  recall(alive: Alive): readonly ReplicaRow[] | undefined {
    const remembered = this.#answers.get(alive) ?? this.#answers.get(undefined);
    if (!remembered) return undefined;
    const { rows, staleAfterSeconds, atMs } = remembered;
    const isFresh = this.#clock.monotonicMs() - atMs <= staleAfterSeconds * 1_000;
    const now = isFresh ? rows : rows.map((row) => ({ ...row, isAlive: false }));
    return alive === undefined ? now : now.filter((row) => row.isAlive === alive);
  }
}
