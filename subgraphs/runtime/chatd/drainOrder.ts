/** What an operator wants of a replica: that it drains, or that it works. While that cannot be seen, it stays as it was. */
import type { Pool } from 'pg';
import type { Logger } from '../../../server/log.ts';
import { failureName } from './databaseFailure.ts';
import { isToldToDrain } from './replicaRow.ts';

export class DrainOrder {
  readonly #pool: Pool;
  readonly #workerId: string;
  readonly #log: Logger;
  #stands = false;
  /** Failure of the last look, in one word; undefined: none. */
  #trouble: string | undefined;

  constructor(pool: Pool, workerId: string, log: Logger) {
    this.#pool = pool;
    this.#workerId = workerId;
    this.#log = log;
  }

  /** True if the replica is told to drain. */
  get stands(): boolean {
    return this.#stands;
  }

  /** Looks again. @returns what became of the order since the last look; undefined: nothing */
  async look(): Promise<'given' | 'taken back' | undefined> {
    const before = this.#stands;
    const told = await isToldToDrain(this.#pool, this.#workerId).catch(failureName);
    if (typeof told === 'boolean') this.#stands = told;
    this.#note(typeof told === 'string' ? told : undefined);
    if (this.#stands === before) return undefined;
    this.#log.info({ drained: this.#stands }, 'an operator has spoken');
    return this.#stands ? 'given' : 'taken back';
  }

  /** Tells of each trouble once, and of its end. */
  #note(failure: string | undefined): void {
    if (failure === this.#trouble) return;
    this.#trouble = failure;
    if (failure === undefined) this.#log.info('it is seen again whether an operator wants the replica drained');
    else
      this.#log.warn(
        { reason: failure },
        'it cannot be seen whether an operator wants the replica drained; until then it stays as it was',
      );
  }
}
