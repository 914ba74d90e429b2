/** Chats that could not be taken. Each is passed over for a while that grows, so that it does not stand before the others. */
import type { Clock } from '../../../common/clock.ts';
import { retryDelayMs } from './backoff.ts';

/** How many are remembered; past that the oldest is tried again. */
const REMEMBERED = 1_000;

export class RefusedChats {
  readonly #clock: Clock;
  readonly #chats = new Map<string, { times: number; untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns for how many milliseconds the chat is passed over */
  note(chatId: string): number {
    const times = (this.#chats.get(chatId)?.times ?? 0) + 1;
    const delayMs = retryDelayMs(times, this.#clock.random());
    this.#chats.delete(chatId);
    this.#chats.set(chatId, { times, untilMs: this.#clock.monotonicMs() + delayMs });
    const [oldest] = this.#chats.keys();
    if (this.#chats.size > REMEMBERED && oldest !== undefined) this.#chats.delete(oldest);
    return delayMs;
  }

  forget(chatId: string): void {
    this.#chats.delete(chatId);
  }

  /** The chats to pass over now. */
  current(): string[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#chats].filter(([, { untilMs }]) => untilMs > nowMs).map(([chatId]) => chatId);
  }
}
