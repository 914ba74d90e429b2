/**
 * Chats that could not be taken. Each is passed over for a growing pause, so that it does not stand before the others.
 */
import type { Clock } from '../../../common/clock.ts';
import type { RefusedChat } from '../inspector.ts';
import { retryDelayMs } from './backoff.ts';

/** Chats that are remembered; past that the oldest is tried again. */
const REMEMBERED = 1_000;

export class RefusedChats {
  readonly #clock: Clock;
  readonly #chats = new Map<string, RefusedChat & { times: number; untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns milliseconds for which the chat is passed over */
  note(chat: RefusedChat): number {
    const { chatId } = chat;
    const times = (this.#chats.get(chatId)?.times ?? 0) + 1;
    const delayMs = retryDelayMs(times, this.#clock.random());
    this.#chats.delete(chatId);
    this.#chats.set(chatId, { ...chat, times, untilMs: this.#clock.monotonicMs() + delayMs });
    const [oldest] = this.#chats.keys();
    if (this.#chats.size > REMEMBERED && oldest !== undefined) this.#chats.delete(oldest);
    return delayMs;
  }

  /** Forgets all but these. A chat that was looked for and not refused again is another worker's, or at rest. */
  keep(chatIds: readonly string[]): void {
    const kept = new Set(chatIds);
    for (const chatId of this.#chats.keys()) if (!kept.has(chatId)) this.#chats.delete(chatId);
  }

  /** Refused chats, the latest first. */
  all(): RefusedChat[] {
    return [...this.#chats.values()].reverse().map(({ chatId, ownerId, reason }) => ({ chatId, ownerId, reason }));
  }

  /** Ids of chats whose pause is not over. */
  current(): string[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#chats].filter(([, { untilMs }]) => untilMs > nowMs).map(([chatId]) => chatId);
  }

  /** Chats to be tried again, apart from the others, in the order in which they were refused. */
  due(): Pick<RefusedChat, 'chatId' | 'ownerId'>[] {
    const nowMs = this.#clock.monotonicMs();
    const due = [...this.#chats.values()].filter(({ untilMs }) => untilMs <= nowMs);
    return due.map(({ chatId, ownerId }) => ({ chatId, ownerId }));
  }
}
