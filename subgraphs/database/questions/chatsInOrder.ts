/** Rows of chats in an order that can be continued, and the columns that are shown. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { ChatOrder, CursorPlace } from '../cursor.ts';
import { chatsOf, type Platform } from '../platform.ts';
import { CHAT_COLUMNS_READ } from '../tables/described.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';
import { isSayable } from './moments.ts';

export interface ChatPageRow extends ChatRow {
  /** `updatedAt` as a `Place` has it. */
  readonly placeUpdatedAt: string;
}

export const isBeyond = (order: ChatOrder, { updatedAt, chatId }: CursorPlace) =>
  Prisma.sql`(c.updated_at, c.id) ${Prisma.raw(order === 'newest' ? '<' : '>')} (${updatedAt}::timestamptz, ${chatId}::uuid)`;

/** `updatedAt` as a cursor holds it: RFC 3339, or Postgres' own text for other moments. */
const PLACE_UPDATED_AT = Prisma.sql`
  CASE WHEN ${isSayable(Prisma.sql`c.updated_at`)} THEN to_char(c.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ELSE c.updated_at::text END`;

const SHOWN = Prisma.sql`${CHAT_COLUMNS}, ${PLACE_UPDATED_AT} AS "placeUpdatedAt"`;

/** Adds the shown columns once, however many places the rows come from: planning them costs more than reading them. */
export const withShownColumns = (rows: Prisma.Sql, inOrder: Prisma.Sql) =>
  Prisma.sql`SELECT ${SHOWN} FROM (${rows}) AS c ${inOrder}`;

const STORED = Prisma.raw(CHAT_COLUMNS_READ.map((name) => `c.${name}`).join(', '));
export const rowsOfChats = (platform: Platform, condition: Prisma.Sql, inOrder: Prisma.Sql) => Prisma.sql`
  SELECT ${STORED} FROM ${chatsOf(platform)} AS c WHERE ${condition} ${inOrder}`;

export const pageOfChats = (platform: Platform, condition: Prisma.Sql, inOrder: Prisma.Sql) => Prisma.sql`
  SELECT ${SHOWN} FROM ${chatsOf(platform)} AS c WHERE ${condition} ${inOrder}`;
