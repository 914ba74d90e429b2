import { chatsOf } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';

/** Reads the rows of these chats, in any order. A missing chat has no row. */
export const chatRows = (tx: Transaction, { platform }: Moment, chatIds: readonly string[]): Promise<ChatRow[]> =>
  tx.$queryRaw`SELECT ${CHAT_COLUMNS} FROM ${chatsOf(platform)} AS c WHERE c.id = ANY(${chatIds}::uuid[])`;
