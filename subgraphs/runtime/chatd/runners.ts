/** The runners of a worker. A chat can briefly have two: it was lost, won again, and the first still cleans up. */
import type { OwnerLoad } from '../inspector.ts';
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

  /** Runners of a chat, oldest first. */
  ofChat(chatId: string): Runner[] {
    return [...(this.#byChat.get(chatId) ?? [])];
  }

  /** Runners that are not stopping. */
  active(): Runner[] {
    return [...this.all()].filter((runner) => runner.phase !== 'STOPPING');
  }

  /** Users whose chats they work on, those with most runners first, at most `first` of them. */
  byOwner(first: number): OwnerLoad[] {
    const counts = new Map<string, number>();
    for (const { ownerId } of this.all()) if (ownerId) counts.set(ownerId, (counts.get(ownerId) ?? 0) + 1);
    const loads = [...counts].map(([ownerId, runnerCount]) => ({ ownerId, runnerCount }));
    return loads.sort((one, other) => other.runnerCount - one.runnerCount).slice(0, first);
  }

  *all(): Generator<Runner> {
    for (const ofChat of this.#byChat.values()) yield* ofChat;
  }
}
