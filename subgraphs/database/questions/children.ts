/** Chats that were started from other chats. */
import type { ExecutionState } from '../../../domain/executionState.ts';
import { Prisma } from '../../../prisma/generated/client.ts';
import type { CursorPlace } from '../cursor.ts';
import { EXECUTION_STATE } from '../executionStateSql.ts';
import { chatsOf, type Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';
import { CHAT_COLUMN_NAMES } from './chatColumns.ts';
import { type ChatPageRow, isBeyond, pageOfChats } from './chatsInOrder.ts';

export interface ChildRow extends ChatPageRow {
  /** Parent, as it was asked for. */
  readonly childOf: string;
}

export interface ChildrenPage {
  readonly after: CursorPlace | undefined;
  /** Number of children for each parent. */
  readonly limit: number;
}

interface ChildrenQuestion extends ChildrenPage {
  readonly platform: Platform;
  readonly parentIds: readonly string[];
  /** Owner of the chats; undefined: all owners. */
  readonly readableOf: string | undefined;
}

/** Reads a page of each parent's children, the one updated last first. */
export const children = (tx: Transaction, question: ChildrenQuestion): Promise<ChildRow[]> =>
  tx.$queryRaw(childrenSql(question));

export function childrenSql({ platform, parentIds, readableOf, after, limit }: ChildrenQuestion): Prisma.Sql {
  const conditions = [isChildInOrder, ...ownedBy(readableOf), ...(after ? [isBeyond('newest', after, platform)] : [])];
  const inOrder = Prisma.sql`ORDER BY c.parent_chat_id, c.updated_at DESC, c.id DESC LIMIT ${limit}`;
  return Prisma.sql`
    SELECT parent.id AS "childOf", ${CHAT_COLUMN_NAMES}, child."placeUpdatedAt" FROM unnest(${parentIds}::uuid[]) AS parent (id)
    CROSS JOIN LATERAL (
      SELECT page.*, row_number() OVER () AS place FROM (${pageOfChats(platform, Prisma.join(conditions, ' AND '), inOrder)}) AS page
    ) AS child
    ORDER BY parent.id, child.place`;
}

export interface LostChildRow {
  readonly parentId: string;
  readonly chatId: string;
  readonly executionState: ExecutionState;
}

const MOST_LOST = 5;

/**
 * Reads children that will not answer, worst first for each parent, then the one updated last.
 * Children that wait in a circle come last: the parent, or the chat itself, is a child of its own child.
 */
export const lostChildren = (
  tx: Transaction,
  platform: Platform,
  parentIds: readonly string[],
  readableOf: string | undefined,
): Promise<LostChildRow[]> => tx.$queryRaw(lostChildrenSql(platform, parentIds, readableOf));

export const lostChildrenSql = (
  platform: Platform,
  parentIds: readonly string[] | Prisma.Sql,
  readableOf: string | undefined,
): Prisma.Sql => Prisma.sql`
  SELECT parent.id AS "parentId", lost.id AS "chatId", lost.state AS "executionState"
  FROM unnest(${parentIds}::uuid[]) AS parent (id)
  CROSS JOIN LATERAL (
    SELECT child.id, child.state, array_position(${WORST_FIRST}, child.state) AS rank, child.updated_at
    FROM (
      SELECT c.id, c.updated_at, (${EXECUTION_STATE}) AS state
      FROM ${chatsOf(platform)} AS c WHERE ${Prisma.join([IS_CHILD, ...notPaused(platform), ...ownedBy(readableOf)], ' AND ')} OFFSET 0) AS child
    WHERE child.id <> parent.id AND child.state = ANY(${WORST_FIRST}) OR child.state LIKE 'A_' AND child.id IN (${ANCESTORS})
    ORDER BY rank, child.updated_at DESC, child.id DESC LIMIT ${MOST_LOST}
  ) AS lost
  ORDER BY parent.id, lost.rank, lost.updated_at DESC, lost.id DESC`;

const WORST_FIRST = Prisma.sql`'{INVALID,E1,E0,XE1,XE0,XW}'::text[]`;

const IS_CHILD = Prisma.sql`c.parent_chat_id = parent.id`;

/** The chat itself and all above it. A waiting child among them waits for this chat in turn. */
const ANCESTORS = Prisma.sql`
  WITH RECURSIVE above AS (
    SELECT parent.id UNION SELECT c.parent_chat_id FROM above JOIN chats AS c ON c.id = above.id)
  SELECT above.id FROM above`;

/**
 * Condition of a child for the list; a chat that names itself as its parent is nobody's child.
 * It puts the parent into the order, which only the index of children has.
 * Otherwise a planner that thinks most chats have this parent walks all chats, and finds none.
 */
const isChildInOrder = Prisma.sql`
  c.parent_chat_id >= parent.id AND c.parent_chat_id <= parent.id AND c.id <> parent.id`;

/** Excludes paused chats on Coder: there a turn ends at a queued message that a person edits, whose move it is. */
const notPaused = ({ name }: Platform) =>
  name === 'coder' ? [Prisma.sql`(c.status::text <> 'paused' OR c.archived OR c.worker_id IS NOT NULL)`] : [];

const ownedBy = (readableOf: string | undefined) =>
  readableOf === undefined ? [] : [Prisma.sql`c.owner_id = ${readableOf}::uuid`];
