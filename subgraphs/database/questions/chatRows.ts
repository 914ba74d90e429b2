import { chatsOf } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';

/** The rows of these chats, in any order; none for a chat that is not there. */
export const chatRows = (tx: Transaction, { platform }: Moment, chatIds: readonly string[]): Promise<ChatRow[]> =>
  tx.$queryRaw`SELECT ${CHAT_COLUMNS} FROM ${chatsOf(platform)} AS c WHERE c.id = ANY(${chatIds}::uuid[])`;
