/** The replicas as this process last read them, for the time when the database does not answer. Nothing here is newer. */
import type { ReplicaRow } from './questions/replicaRows.ts';

/** The argument of `replicas`: only those alive, only the others, all. */
type Alive = boolean | undefined;

export class ReplicaMemory {
  readonly #answers = new Map<Alive, readonly ReplicaRow[]>();

  remember(alive: Alive, rows: readonly ReplicaRow[]): void {
    this.#answers.set(alive, rows);
  }

  /** The last answer to the same question, else what the last answer about all makes of it; undefined: neither. */
  recall(alive: Alive): readonly ReplicaRow[] | undefined {
    return this.#answers.get(alive) ?? this.#answers.get(undefined)?.filter((row) => row.isAlive === alive);
  }
}
