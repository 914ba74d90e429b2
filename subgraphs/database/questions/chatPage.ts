import { Prisma } from '../../../prisma/generated/client.ts';
import { type ChatFilter, chatConditions, type Thresholds } from '../chatConditions.ts';
import type { ChatOrder, Place } from '../cursor.ts';
import type { Transaction } from '../reading.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';

export interface ChatPageRow extends ChatRow {
  /** `updatedAt` as a `Place` has it. */
  readonly placeUpdatedAt: string;
}

export interface ChatPageQuestion {
  readonly filter: ChatFilter;
  readonly thresholds: Thresholds;
  /** Only chats of this user; undefined: of all. */
  readonly readableOf: string | undefined;
  readonly order: ChatOrder;
  readonly after: Place | undefined;
  readonly limit: number;
}

/** Chats in their order, beginning after a place; ties of `updatedAt` by id. */
export function chatPage(tx: Transaction, question: ChatPageQuestion): Promise<ChatPageRow[]> {
  const { filter, thresholds, readableOf, order, after, limit } = question;
  const newest = order === 'newest';
  const direction = newest ? Prisma.sql`DESC` : Prisma.sql`ASC`;
  const conditions = chatConditions(filter, thresholds);
  if (readableOf !== undefined) conditions.push(Prisma.sql`c.owner_id = ${readableOf}::uuid`);
  if (after) {
    const beyond = newest ? Prisma.sql`<` : Prisma.sql`>`;
    conditions.push(
      Prisma.sql`(c.updated_at, c.id) ${beyond} (${after.updatedAt}::timestamptz, ${after.chatId}::uuid)`,
    );
  }
  return tx.$queryRaw`
    SELECT ${CHAT_COLUMNS}, to_char(c.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "placeUpdatedAt"
    FROM chats AS c
    WHERE ${conditions.length > 0 ? Prisma.join(conditions, ' AND ') : Prisma.sql`true`}
    ORDER BY c.updated_at ${direction}, c.id ${direction}
    LIMIT ${limit}`;
}
