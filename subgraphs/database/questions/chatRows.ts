/** Rows of chats by their ids, and numbers of chats by their owners. */
import { chatsOf } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';

/** Reads the rows of these chats, in any order. A missing chat has no row. */
export const chatRows = (tx: Transaction, { platform }: Moment, chatIds: readonly string[]): Promise<ChatRow[]> =>
  tx.$queryRaw`SELECT ${CHAT_COLUMNS} FROM ${chatsOf(platform)} AS c WHERE c.id = ANY(${chatIds}::uuid[])`;

interface OwnedChatsRow {
  readonly workerId: string;
  readonly chats: number;
}

/** Reads how many chats name each of these replicas as their owner. A replica without chats has no row. */
export const ownedChats = (
  tx: Transaction,
  { platform }: Moment,
  workerIds: readonly string[],
): Promise<OwnedChatsRow[]> => tx.$queryRaw`
  SELECT c.worker_id AS "workerId", least(count(*), 2147483647)::int4 AS chats
  FROM ${chatsOf(platform)} AS c
  WHERE c.worker_id = ANY(${workerIds}::uuid[])
  GROUP BY c.worker_id`;
