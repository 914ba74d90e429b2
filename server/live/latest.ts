/**
 * The newest answer for a client that reads more slowly than answers come. Pure.
 * One answer is held at most: a newer one takes its place, and the client is told how many it did not get.
 */
export class Latest<A> {
  #isBlocked = false;
  #held: A | undefined;
  #skipped = 0;

  /** True while the client's buffers are full. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Offers an answer. @returns true if it is to be written now; otherwise it is held */
  offer(answer: A): boolean {
    if (!this.#isBlocked) return true;
    if (this.#held !== undefined) this.#skipped += 1;
    this.#held = answer;
    return false;
  }

  /** Notes that the buffers are full. */
  block(): void {
    this.#isBlocked = true;
  }

  /** Notes that there is room again. @returns the answer that was held, if any, and how many it stands for besides */
  drain(): { readonly answer: A; readonly skipped: number } | undefined {
    this.#isBlocked = false;
    const answer = this.#held;
    if (answer === undefined) return undefined;
    const skipped = this.#skipped;
    this.#held = undefined;
    this.#skipped = 0;
    return { answer, skipped };
  }
}
