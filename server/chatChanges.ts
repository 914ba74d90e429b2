/**
 * Changes of chats, as the database subgraph tells of them. It tells on best effort: whoever follows also looks by
 * itself now and then.
 */

/** A chat, and the version that a change gave it; null: it was not told. */
export type ChatChange = readonly [chatId: string, version: number | null];

/** Follower of changes. */
export interface ChangesFollower {
  changed(changes: readonly ChatChange[]): void;
  /** Told whether changes can be heard. Once they can be again, there may have been any. */
  connected(isConnected: boolean): void;
}

export interface Following {
  /** Says which chats matter, where each has to be listened to by itself. */
  setChats(chatIds: readonly string[]): void;
  stop(): void;
}
