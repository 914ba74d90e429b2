/** The replicas as this process last read them, for the time when the database does not answer. */
import type { ReplicaRow } from './questions/replicaRows.ts';

/** Argument of `replicas`. True: only live ones. False: only the others. Undefined: all. */
type Alive = boolean | undefined;

export class ReplicaMemory {
  readonly #answers = new Map<Alive, readonly ReplicaRow[]>();

  remember(alive: Alive, rows: readonly ReplicaRow[]): void {
    this.#answers.set(alive, rows);
  }

  /**
   * Last answer to the same question, else the matching part of the last answer about all; undefined: neither is there.
   */
  recall(alive: Alive): readonly ReplicaRow[] | undefined {
    return this.#answers.get(alive) ?? this.#answers.get(undefined)?.filter((row) => row.isAlive === alive);
  }
}
