/** One page of the list of chats, and what has to be known before it. */
import { Prisma } from '../../../prisma/generated/client.ts';
import { type ChatFilter, chatConditions } from '../chatConditions.ts';
import { type WalkedPlace, walkedPlaces } from '../chatWays.ts';
import type { ChatOrder, CursorPlace } from '../cursor.ts';
import { chatsOf, type Platform } from '../platform.ts';
import type { SuspectLimits } from '../suspectLimits.ts';
import type { Transaction } from '../transaction.ts';
import type { FoundIndexes } from '../wantedIndexes.ts';
import { type ChatPageRow, isBeyond, pageOfChats, rowsOfChats, withShownColumns } from './chatsInOrder.ts';

interface ChatPageQuestion {
  /** Filter that something can match. */
  readonly filter: ChatFilter;
  /** Thresholds of suspects, and the user whose children count. */
  readonly limits: SuspectLimits;
  readonly order: ChatOrder;
  readonly after: CursorPlace | undefined;
  readonly limit: number;
  /** Indexes of another platform; undefined: those of this project's migrations. */
  readonly indexes: FoundIndexes | undefined;
}

/** Reads chats in their order after a place. Ties of `updatedAt` go by id. */
export const chatPage = (tx: Transaction, question: ChatPageQuestion): Promise<ChatPageRow[]> =>
  tx.$queryRaw(chatPageSql(question));

/** Statement that takes one page of each place, each along its own index, and then the best of them all. */
export function chatPageSql(question: ChatPageQuestion): Prisma.Sql {
  const { filter, limits, order, after, limit, indexes } = question;
  const { platform } = limits;
  const direction = order === 'newest' ? Prisma.sql`DESC` : Prisma.sql`ASC`;
  const more: Prisma.Sql[] = [];
  if (limits.readableOf !== undefined) more.push(Prisma.sql`c.owner_id = ${limits.readableOf}::uuid`);
  if (after) more.push(isBeyond(order, after, platform));
  const inOrder = Prisma.sql`ORDER BY c.updated_at ${direction}, c.id ${direction} LIMIT ${limit}`;
  const conditionOf = ({ condition, among }: WalkedPlace) =>
    Prisma.join([condition, ...chatConditions(filter, limits, among), ...more], ' AND ');
  const rowsOf = (place: WalkedPlace): Prisma.Sql => {
    const { fromQueue, statuses } = place;
    const condition = conditionOf(place);
    if (fromQueue) return rowsFromQueue(platform, condition, inOrder);
    return statuses ? rowsByStatus(platform, statuses, condition, inOrder) : rowsOfChats(platform, condition, inOrder);
  };
  const places = walkedPlaces(filter, limits, indexes);
  const [only, ...others] = places;
  if (only && others.length === 0 && !only.fromQueue && !only.statuses)
    return pageOfChats(platform, conditionOf(only), inOrder);
  const pages = places.map((place) => Prisma.sql`(${rowsOf(place)})`);
  return withShownColumns(Prisma.join(pages, ' UNION ALL '), inOrder);
}

/** Rows of a page of each status, roots and children apart, each along the index; then the best of them. */
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

/**
 * Rows of all chats found from the queue, and then their order.
 * `OFFSET 0` keeps the two apart. A planner that sees order and limit may walk the index of all chats. Where few match,
 * it would read all of it.
 */
const rowsFromQueue = (platform: Platform, condition: Prisma.Sql, inOrder: Prisma.Sql) => Prisma.sql`
  SELECT c.* FROM (${rowsOfChats(
    platform,
    Prisma.sql`c.id = ANY(ARRAY(SELECT q.chat_id FROM chat_queued_messages AS q)) AND ${condition}`,
    Prisma.sql`OFFSET 0`,
  )}) AS c ${inOrder}`;

/** Tells whether any chat waits for an outside tool. It looks only at runnable chats. */
export async function waitsOutside(tx: Transaction, platform: Platform): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT true FROM ${chatsOf(platform)} AS c WHERE c.status = 'requires_action' AND NOT c.archived LIMIT 1`;
  return rows.length > 0;
}
