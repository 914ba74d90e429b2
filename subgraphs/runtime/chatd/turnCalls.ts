/**
 * Model calls in a turn, failed ones included. Pure, except for the count itself.
 * The rows hold the committed steps and the attempts of the present one. Only the runner knows the attempts of earlier
 * steps.
 * After a change of owner the count goes on from the rows.
 */
import type { History } from './history.ts';

export class TurnCalls {
  #turnId: string | null | undefined;
  #made = 0;

  /**
   * Calls made in the turn so far, as far as the rows or this runner know.
   * @param attempts of the present step
   */
  made({ turnId, steps }: Pick<History, 'turnId' | 'steps'>, attempts: number): number {
    if (turnId !== this.#turnId) this.#made = 0;
    this.#turnId = turnId;
    this.#made = Math.max(this.#made, steps + attempts);
    return this.#made;
  }

  /** Counts one more, in the turn that was asked for last. */
  add(): void {
    this.#made += 1;
  }
}
