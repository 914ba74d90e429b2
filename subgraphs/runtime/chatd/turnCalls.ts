/**
 * Calls of the model in a turn, failed ones included. The rows hold the committed steps and the attempts of the present one;
 * attempts of steps before it are known only to the runner that made them. A turn that changes its owner is counted on from
 * what the rows hold. Pure, but for the count itself.
 */
import type { History } from './history.ts';

export class TurnCalls {
  #turnId: string | null | undefined;
  #made = 0;

  /** Calls made in the turn so far, as far as the rows or this runner know. @param attempts of the present step */
  made({ turnId, steps }: Pick<History, 'turnId' | 'steps'>, attempts: number): number {
    if (turnId !== this.#turnId) this.#made = 0;
    this.#turnId = turnId;
    this.#made = Math.max(this.#made, steps + attempts);
    return this.#made;
  }

  /** One more, in the turn that was asked for last. */
  add(): void {
    this.#made += 1;
  }
}
