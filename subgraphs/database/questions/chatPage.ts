import { Prisma } from '../../../prisma/generated/client.ts';
import { type ChatFilter, chatConditions } from '../chatConditions.ts';
import { walkedPlaces } from '../chatWays.ts';
import type { ChatOrder, Place } from '../cursor.ts';
import { chatsOf, type Platform } from '../platform.ts';
import type { SuspectLimits } from '../suspectSql.ts';
import { CHAT_COLUMNS_READ } from '../tables/described.ts';
import type { Transaction } from '../transaction.ts';
import type { FoundIndexes } from '../wantedIndexes.ts';
import { CHAT_COLUMNS, type ChatRow } from './chatColumns.ts';
import { isSayable } from './moments.ts';

export interface ChatPageRow extends ChatRow {
  /** `updatedAt` as a `Place` has it. */
  readonly placeUpdatedAt: string;
}

export interface ChatPageQuestion {
  /** One that something can match. */
  readonly filter: ChatFilter;
  /** Among them: only chats of which user. */
  readonly limits: SuspectLimits;
  readonly order: ChatOrder;
  readonly after: Place | undefined;
  readonly limit: number;
  /** Those of another platform; undefined: those of this project's migrations. */
  readonly indexes: FoundIndexes | undefined;
}

/** Chats in their order, beginning after a place; ties of `updatedAt` by id. */
export const chatPage = (tx: Transaction, question: ChatPageQuestion): Promise<ChatPageRow[]> =>
  tx.$queryRaw(chatPageSql(question));

/** One page of each place, each by its own index, then the best of them all. */
export function chatPageSql(question: ChatPageQuestion): Prisma.Sql {
  const { filter, limits, order, after, limit, indexes } = question;
  const { platform } = limits;
  const direction = order === 'newest' ? Prisma.sql`DESC` : Prisma.sql`ASC`;
  const more: Prisma.Sql[] = [];
  if (limits.readableOf !== undefined) more.push(Prisma.sql`c.owner_id = ${limits.readableOf}::uuid`);
  if (after) more.push(isBeyond(order, after));
  const inOrder = Prisma.sql`ORDER BY c.updated_at ${direction}, c.id ${direction} LIMIT ${limit}`;
  const pages = walkedPlaces(filter, limits, indexes).map(({ condition, fromQueue, among, statuses }) => {
    const all = Prisma.join([condition, ...chatConditions(filter, limits, among), ...more], ' AND ');
    if (fromQueue) return Prisma.sql`(${rowsFromQueue(platform, all, inOrder)})`;
    return Prisma.sql`(${statuses ? rowsByStatus(platform, statuses, all, inOrder) : rowsOfChats(platform, all, inOrder)})`;
  });
  return shown(Prisma.join(pages, ' UNION ALL '), inOrder);
}

export const isBeyond = (order: ChatOrder, { updatedAt, chatId }: Place) =>
  Prisma.sql`(c.updated_at, c.id) ${Prisma.raw(order === 'newest' ? '<' : '>')} (${updatedAt}::timestamptz, ${chatId}::uuid)`;

/** As a cursor holds it: RFC 3339, or, for what that cannot say, Postgres's own text. */
const PLACE_UPDATED_AT = Prisma.sql`
  CASE WHEN ${isSayable(Prisma.sql`c.updated_at`)} THEN to_char(c.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ELSE c.updated_at::text END`;

/** What is shown of rows is said once, however many places they come from: planning it costs more than doing it. */
const shown = (rows: Prisma.Sql, inOrder: Prisma.Sql) => Prisma.sql`
  SELECT ${CHAT_COLUMNS}, ${PLACE_UPDATED_AT} AS "placeUpdatedAt" FROM (${rows}) AS c ${inOrder}`;

const STORED = Prisma.raw(CHAT_COLUMNS_READ.map((name) => `c.${name}`).join(', '));
const rowsOfChats = (platform: Platform, condition: Prisma.Sql, inOrder: Prisma.Sql) => Prisma.sql`
  SELECT ${STORED} FROM ${chatsOf(platform)} AS c WHERE ${condition} ${inOrder}`;

/** A page of each status, roots and children apart, each along the index; then the best of them. */
const rowsByStatus = (
  platform: Platform,
  statuses: Prisma.Sql,
  condition: Prisma.Sql,
  inOrder: Prisma.Sql,
) => Prisma.sql`
  SELECT c.* FROM unnest(${statuses}) AS walked (status) CROSS JOIN (VALUES (true), (false)) AS side (is_root)
  CROSS JOIN LATERAL (${rowsOfChats(
    platform,
    Prisma.sql`(c.parent_chat_id IS NULL) = side.is_root AND c.status = walked.status AND NOT c.archived AND ${condition}`,
    inOrder,
  )}) AS c ${inOrder}`;

export const pageOfChats = (platform: Platform, condition: Prisma.Sql, inOrder: Prisma.Sql) =>
  shown(rowsOfChats(platform, condition, inOrder), inOrder);

/**
 * First which chats they are, then their order. `OFFSET 0` keeps the two apart: a planner that sees the order and the limit
 * may hope to meet enough of them in an index of all chats, and reads all of it when there are few.
 */
const rowsFromQueue = (platform: Platform, condition: Prisma.Sql, inOrder: Prisma.Sql) =>
  rowsOfChats(
    platform,
    Prisma.sql`c.id = ANY(ARRAY(
      SELECT c.id FROM (
        SELECT c.id, c.updated_at FROM ${chatsOf(platform)} AS c
        WHERE c.id IN (SELECT q.chat_id FROM chat_queued_messages AS q) AND ${condition} OFFSET 0
      ) AS c ${inOrder}))`,
    inOrder,
  );
