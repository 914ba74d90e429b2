/** Places and limits of runtime protocol 1. */

/** Name and version of the protocol. */
export const PROTOCOL = 'chat-debug-runtime/1';
/** Path of the answer about the worker as a whole, under its relay address. */
export const REPLICA_PATH = 'chat-debug/v1/replica';
/** Path of the answer about chats, under the relay address. */
export const CHATS_PATH = 'chat-debug/v1/chats';
/** Limit for the chats of one question. */
export const MAX_CHATS_ASKED = 100;
/** Limit for the runners that one answer about a replica lists. */
export const MAX_RUNNERS_LISTED = 1_000;
/**
 * Limit for the runners, and for the buffers, that are told of one chat. Of more, the last are read.
 * In an answer about more than ten chats, fewer of each are read: `MAX_RUNNERS_LISTED` in all.
 */
export const MAX_TOLD_OF_CHAT = 100;
/** Limit for the tasks that are told of one runner. Of more, the last are read. */
export const MAX_TASKS_TOLD = 20;
