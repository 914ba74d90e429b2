/**
 * Counts of messages, and the statistics of a chat that they make. Counting is the one question that grows with the age of a chat, so it has a time limit of its own.
 */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';
import { type FoundIndexes, hasIndex, MESSAGE_INDEXES } from '../wantedIndexes.ts';

export interface MessageCountRow {
  readonly chatId: string;
  /** Role as any text: the enum can gain values. Null where a view does not know it. */
  readonly role: string | null;
  /** Null where a view does not know it: the message is not deleted then. */
  readonly deleted: boolean | null;
  /** Number of messages, at least one. */
  readonly count: number;
}

/** True if the database has the index that counts each kind by itself. */
export const hasKinds = ({ name }: Platform, indexes: FoundIndexes | undefined): boolean =>
  indexes === undefined ? name === 'own' : hasIndex(indexes, 'chat_messages', MESSAGE_INDEXES.kinds);

/** Reads the number of messages by chat, role and deletion. */
export const messageCounts = (
  tx: Transaction,
  chatIds: readonly string[],
  hasKindsIndex: boolean,
): Promise<MessageCountRow[]> => tx.$queryRaw(hasKindsIndex ? messageCountsSql(chatIds) : messagesInOneWalk(chatIds));

/**
 * Statement that reads every message of each chat once. Without the index, looking for each kind would read all of
 * them.
 */
const messagesInOneWalk = (chatIds: readonly string[]): Prisma.Sql => Prisma.sql`
  SELECT m.chat_id AS "chatId", m.role::text AS role, m.deleted, count(*)::float8 AS count
  FROM chat_messages AS m WHERE m.chat_id = ANY(${chatIds}::uuid[]) GROUP BY m.chat_id, m.role, m.deleted`;

/**
 * Statement that finds the kinds of messages of each chat, and then counts each kind.
 * Each kind takes one look into the index (chat_id, role, deleted), where its rows lie together.
 * Grouping them one by one takes half as long again.
 * Both are index-only as far as VACUUM has marked the pages; newer rows cost a look at the table each.
 */
export const messageCountsSql = (chatIds: readonly string[]): Prisma.Sql => Prisma.sql`
  WITH RECURSIVE kinds AS (
    SELECT first.chat_id, first.role, first.deleted
    FROM unnest(${chatIds}::uuid[]) AS chat (id) CROSS JOIN LATERAL (
      SELECT m.chat_id, m.role, m.deleted FROM chat_messages AS m WHERE m.chat_id = chat.id
      ORDER BY m.role, m.deleted LIMIT 1) AS first
    UNION ALL
    SELECT next.chat_id, next.role, next.deleted
    FROM kinds AS k CROSS JOIN LATERAL (
      SELECT m.chat_id, m.role, m.deleted FROM chat_messages AS m
      WHERE m.chat_id = k.chat_id AND (m.role, m.deleted) > (k.role, k.deleted)
      ORDER BY m.role, m.deleted LIMIT 1) AS next
  )
  SELECT k.chat_id AS "chatId", k.role::text AS role, k.deleted, (
    SELECT count(*) FROM chat_messages AS m
    WHERE m.chat_id = k.chat_id AND m.role = k.role AND m.deleted = k.deleted)::float8 AS count
  FROM kinds AS k`;

/** Statistics of a chat. Messages of an unknown role have the role ''. */
export interface MessageStats {
  readonly total: number;
  readonly deleted: number;
  readonly byRole: readonly { readonly role: string; readonly count: number }[];
}

/** Adds up the rows of one chat; no row means no messages. `total` includes roles of any name. */
export function toMessageStats(rows: readonly MessageCountRow[]): MessageStats {
  const sum = (some: readonly MessageCountRow[]) => some.reduce((total, row) => total + row.count, 0);
  const kept = rows.filter((row) => !row.deleted);
  const counts = new Map<string, number>();
  for (const { role, count } of kept) counts.set(role ?? '', (counts.get(role ?? '') ?? 0) + count);
  const byRole = [...counts].map(([role, count]) => ({ role, count })).sort((a, b) => (a.role < b.role ? -1 : 1));
  return { total: sum(rows), deleted: sum(rows.filter((row) => row.deleted)), byRole };
}
