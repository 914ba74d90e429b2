/**
 * Tool calls without a result. They are matched where the content lies: only ids and names of calls leave the database.
 */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { newestMessages } from './messagesOfChat.ts';
import { ageSeconds, isSayable, sayable } from './moments.ts';

export interface OpenCallRow {
  readonly chatId: string;
  readonly id: string;
  readonly toolName: string;
  readonly since: Date | null;
  readonly ageSeconds: number | null;
  /** True if the stored time is a moment; null: no time is stored. */
  readonly isTimeSayable: boolean | null;
  readonly timesUnanswered: number;
}

/** Newest messages of a chat that are looked at. */
const MESSAGES_LOOKED_AT = 100;
/**
 * Stored bytes of messages that are looked at; a list asks this of every waiting chat, and results are long.
 * A result stands after its call, so leaving out older messages makes no call an open one.
 */
const BYTES_LOOKED_AT = 500_000;
/** Newest calls and results that are looked at; a model may make a hundred thousand calls in one step. */
const PARTS_LOOKED_AT = 1_000;
const MOST_CALLS = 20;
/** Characters of an id or a name, which a model may make of any length. */
const LONGEST_NAME = 200;

/** Reads the newest open calls of each chat, the oldest of them first. */
export const openCalls = (tx: Transaction, chatIds: readonly string[], { platform }: Moment): Promise<OpenCallRow[]> =>
  tx.$queryRaw(openCallsSql(platform, chatIds));

const LOOKED_AT = Prisma.sql`
  m.chat_id, m.id, m.role::text AS role, m.created_at, m.content, COALESCE(pg_column_size(m.content), 0) AS size`;

/**
 * Statement for open calls. A result belongs to the oldest open call before it with the same id, as in the worker.
 * Some models begin to count their calls anew in each step, so ids repeat.
 *
 * - The nth result that finds an open call answers the nth call.
 * - `depth` is the number of calls less that of results.
 * - A result finds a call unless it takes the depth below zero and below all that came before.
 * - A run of unanswered calls ends with an answered call of the same tool, or with the turn.
 */
export const openCallsSql = (platform: Platform, chatIds: readonly string[] | Prisma.Sql): Prisma.Sql => Prisma.sql`
  WITH newest_messages AS (
    SELECT m.*, sum(m.size) OVER (PARTITION BY m.chat_id ORDER BY m.id DESC) - m.size AS newer
    FROM unnest(${chatIds}::uuid[]) AS chat (id) CROSS JOIN LATERAL (
      ${newestMessages(platform, { columns: LOOKED_AT, limit: MESSAGES_LOOKED_AT })}) AS m
  ), looked AS (
    SELECT m.*, count(*) FILTER (WHERE m.role = 'user') OVER (PARTITION BY m.chat_id ORDER BY m.id) AS turn
    FROM newest_messages AS m WHERE m.newer < ${BYTES_LOOKED_AT}
  ), parts AS (
    SELECT l.chat_id, l.id AS message_id, l.created_at, l.turn, item.place, item.part ->> 'type' = 'tool-call' AS is_call,
           item.part ->> ${CALL_ID[platform.name]} AS call_id, item.part ->> ${TOOL[platform.name]} AS tool,
           item.part #>> '{output,type}' = 'error-text' AND starts_with(item.part #>> '{output,value}', 'cancelled') AS cancels,
           row_number() OVER (PARTITION BY l.chat_id ORDER BY l.id DESC, item.place DESC) AS back
    FROM looked AS l CROSS JOIN LATERAL jsonb_array_elements(
      CASE jsonb_typeof(l.content) WHEN 'array' THEN l.content ELSE '[]' END) WITH ORDINALITY AS item (part, place)
    WHERE jsonb_typeof(item.part -> ${CALL_ID[platform.name]}) = 'string' AND CASE item.part ->> 'type'
      WHEN 'tool-result' THEN true WHEN 'tool-call' THEN jsonb_typeof(item.part -> ${TOOL[platform.name]}) = 'string' ELSE false END
  ), summed AS (
    SELECT p.*, sum(CASE WHEN p.is_call THEN 1 ELSE -1 END) OVER (
      PARTITION BY p.chat_id, p.call_id ORDER BY p.message_id, p.place) AS depth
    FROM parts AS p WHERE p.back <= ${PARTS_LOOKED_AT}
  ), floored AS (
    SELECT s.*, least(0, min(s.depth) OVER (
      PARTITION BY s.chat_id, s.call_id ORDER BY s.message_id, s.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )) AS lowest
    FROM summed AS s
  ), numbered AS (
    SELECT f.*, count(*) OVER (PARTITION BY f.chat_id, f.call_id, f.is_call ORDER BY f.message_id, f.place) AS nth
    FROM floored AS f WHERE f.is_call OR f.depth >= f.lowest
  ), paired AS (
    SELECT n.*, bool_or(NOT n.is_call) OVER pair AS is_answered,
           COALESCE(bool_or(n.cancels AND NOT n.is_call) OVER pair, false) AS is_cancelled
    FROM numbered AS n WINDOW pair AS (PARTITION BY n.chat_id, n.call_id, n.nth)
  ), runs AS (
    SELECT c.*, count(*) FILTER (WHERE c.is_answered AND NOT c.is_cancelled) OVER (
      PARTITION BY c.chat_id, c.turn, c.tool ORDER BY c.message_id, c.place) AS run
    FROM paired AS c WHERE c.is_call
  ), counted AS (
    SELECT r.*, 1 + count(*) FILTER (WHERE r.is_cancelled) OVER (
      PARTITION BY r.chat_id, r.turn, r.tool, r.run ORDER BY r.message_id, r.place) AS times
    FROM runs AS r
  ), newest AS (
    SELECT c.*, row_number() OVER (PARTITION BY c.chat_id ORDER BY c.message_id DESC, c.place DESC) AS rank
    FROM counted AS c WHERE NOT c.is_answered
  )
  SELECT n.chat_id AS "chatId", left(n.call_id, ${LONGEST_NAME}::int4) AS id, left(n.tool, ${LONGEST_NAME}::int4) AS "toolName",
         ${sayable(CREATED_AT)} AS since, ${ageSeconds(CREATED_AT)} AS "ageSeconds", ${isSayable(CREATED_AT)} AS "isTimeSayable",
         n.times::int4 AS "timesUnanswered"
  FROM newest AS n WHERE n.rank <= ${MOST_CALLS}
  ORDER BY n.chat_id, n.message_id, n.place`;

/** Members of a part, by platform. */
const CALL_ID = { own: Prisma.sql`'toolCallId'`, coder: Prisma.sql`'tool_call_id'`, views: Prisma.sql`'toolCallId'` };
const TOOL = { own: Prisma.sql`'toolName'`, coder: Prisma.sql`'tool_name'`, views: Prisma.sql`'toolName'` };

const CREATED_AT = Prisma.sql`n.created_at`;
