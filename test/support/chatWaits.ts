/** Waits for a chat to be as a test wants it. */
import type pg from 'pg';
import { type ChatState, readChats } from '../../subgraphs/runtime/chatd/chatState.ts';
import { until } from './until.ts';

/** @returns waits until the chat with this id is as `holds` says, and resolves with it */
export const chatWaits =
  (pool: () => pg.Pool) =>
  (id: string, holds: (chat: ChatState) => boolean): Promise<ChatState> => {
    let seen: ChatState | undefined;
    return until(
      () => `${holds}, where the chat is ${JSON.stringify(seen)}`,
      async () => {
        [seen] = await readChats(pool(), [id]);
        return seen && holds(seen) && seen;
      },
    );
  };
