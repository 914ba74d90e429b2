/** The wake-ups of loops by changes of chats, which are followed while somebody watches any. */
import type { ChangesFollower, Following } from '../chatChanges.ts';
import type { Watches } from './watches.ts';

/** Begins to tell of changes of chats. */
export type FollowChanges = (follower: ChangesFollower) => Following | undefined;

export class WakeUps {
  readonly #follow: FollowChanges | undefined;
  readonly #watches: Watches;
  readonly #onWoken: (loops: number) => void;
  #following: Following | undefined;
  #isConnected = false;

  /** @param onWoken told of the number of loops that were woken */
  constructor(follow: FollowChanges | undefined, watches: Watches, onWoken: (loops: number) => void) {
    this.#follow = follow;
    this.#watches = watches;
    this.#onWoken = onWoken;
  }

  /** True while changes are told. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Follows what is watched now. */
  refresh(): void {
    if (!this.#watches.areWoken) {
      this.#following?.stop();
      this.#following = undefined;
      this.#isConnected = false;
      return;
    }
    this.#following ??= this.#follow?.({
      changed: (changes) => this.#wake(changes.map(([chatId]) => chatId)),
      connected: (is) => {
        if (is && !this.#isConnected) this.#wake(undefined); // what was missed before
        this.#isConnected = is;
      },
    });
    this.#following?.setChats(this.#watches.chatIds());
  }

  #wake(chatIds: readonly string[] | undefined): void {
    this.#onWoken(this.#watches.wake(chatIds));
  }
}
