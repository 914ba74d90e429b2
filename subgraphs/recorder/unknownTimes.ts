/** Chats of which nothing is known, and since when. A term knows nothing of the terms before it. */
import type { Clock } from '../../common/clock.ts';
import type { Verdict } from '../../domain/diagnosis/diagnosis.ts';

/**
 * Moments since when each reading of a chat has said UNKNOWN. They are of this process's monotonic clock: the clock of the
 * database may be set while a chat is watched.
 */
export class UnknownTimes {
  readonly #since = new Map<string, number>();
  readonly #clock: Clock;
  #term: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Forgets everything if the term is a new one: nobody has read in between, or another recorder has. */
  begin(term: string): void {
    if (term !== this.#term) this.#since.clear();
    this.#term = term;
  }

  /** @returns seconds for which it has been so; 0 if it is not, or only now */
  note(chatId: string, verdict: Verdict): number {
    if (verdict !== 'UNKNOWN') {
      this.#since.delete(chatId);
      return 0;
    }
    const nowMs = this.#clock.monotonicMs();
    const since = this.#since.get(chatId) ?? nowMs;
    this.#since.set(chatId, since);
    return (nowMs - since) / 1_000;
  }

  /** Forgets all chats but these: the others were not suspect in between. */
  keepOnly(chatIds: readonly string[]): void {
    const kept = new Set(chatIds);
    for (const id of this.#since.keys()) if (!kept.has(id)) this.#since.delete(id);
  }
}
