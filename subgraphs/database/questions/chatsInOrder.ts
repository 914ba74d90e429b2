/** Rows of chats in an order that can be continued, and the columns that are shown. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { ChatOrder, CursorPlace } from '../cursor.ts';
import { chatsOf, type Platform } from '../platform.ts';
import { CHAT_COLUMNS_READ } from '../tables/described.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';
import { isSayable } from './moments.ts';

export interface ChatPageRow extends ChatRow {
  /** `updatedAt` as a `Place` has it. */
  readonly placeUpdatedAt: string | null;
}

/** True for a chat after a place. Only a view has chats without a time; Postgres orders them as later than all others. */
export function isBeyond(order: ChatOrder, { updatedAt, chatId }: CursorPlace, { name }: Platform): Prisma.Sql {
  const sign = Prisma.raw(order === 'newest' ? '<' : '>');
  if (updatedAt !== null) {
    const isBeyondTime = Prisma.sql`(c.updated_at, c.id) ${sign} (${updatedAt}::timestamptz, ${chatId}::uuid)`;
    return order === 'oldest' && name === 'views'
      ? Prisma.sql`(${isBeyondTime} OR c.updated_at IS NULL)`
      : isBeyondTime;
  }
  const isUndated = Prisma.sql`c.updated_at IS NULL AND c.id ${sign} ${chatId}::uuid`;
  return order === 'newest' ? Prisma.sql`(${isUndated} OR c.updated_at IS NOT NULL)` : Prisma.sql`(${isUndated})`;
}

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
