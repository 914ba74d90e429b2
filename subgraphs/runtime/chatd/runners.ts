/** The runners of a worker. One chat can briefly have two: it was lost, won again, and the first still cleans up. */
import type { Runner } from './runner.ts';

export class Runners {
  readonly #byChat = new Map<string, Set<Runner>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(runner: Runner): void {
    const ofChat = this.#byChat.get(runner.chatId) ?? new Set();
    this.#byChat.set(runner.chatId, ofChat.add(runner));
    this.#count += 1;
  }

  remove(runner: Runner): void {
    const ofChat = this.#byChat.get(runner.chatId);
    if (!ofChat?.delete(runner)) return;
    this.#count -= 1;
    if (ofChat.size === 0) this.#byChat.delete(runner.chatId);
  }

  /** Oldest first. */
  ofChat(chatId: string): Runner[] {
    return [...(this.#byChat.get(chatId) ?? [])];
  }

  /** Those that are not stopping. */
  active(): Runner[] {
    return [...this.all()].filter((runner) => runner.phase !== 'STOPPING');
  }

  *all(): Generator<Runner> {
    for (const ofChat of this.#byChat.values()) yield* ofChat;
  }
}
