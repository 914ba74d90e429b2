/**
 * Tool calls without a result. Which call a result answers, and how often a tool was not answered, is worked out where the
 * content lies: only ids and names of calls leave the database.
 */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { NEWEST_FIRST, OF_CHAT } from './messagesOfChat.ts';
import { ageSeconds, isSayable, sayable } from './moments.ts';

export interface OpenCallRow {
  readonly chatId: string;
  readonly id: string;
  readonly toolName: string;
  readonly since: Date | null;
  readonly ageSeconds: number | null;
  /** Null: no time is stored at all. */
  readonly isTimeSayable: boolean | null;
  readonly timesUnanswered: number;
}

/** Messages of a chat that are looked at, from the newest backwards. */
const MESSAGES_LOOKED_AT = 100;
const MOST_CALLS = 20;
/** Characters of an id or a name, which a model may make as long as it likes. */
const LONGEST_NAME = 200;

/** For each chat the newest of its open calls, the oldest of them first. */
export const openCalls = (tx: Transaction, chatIds: readonly string[]): Promise<OpenCallRow[]> =>
  tx.$queryRaw(openCallsSql(chatIds));

/**
 * A result answers the calls with its id that stand before it, back to the message with the newest of them: some models
 * begin to count their calls anew in each step. Windows reach back from the newest message, so that each is one pass.
 * A run of unanswered calls ends with an answered call of the same tool, or with the turn.
 */
export const openCallsSql = (chatIds: readonly string[] | Prisma.Sql): Prisma.Sql => Prisma.sql`
  WITH looked AS (
    SELECT m.*, count(*) FILTER (WHERE m.role = 'user') OVER (PARTITION BY m.chat_id ORDER BY m.id) AS turn
    FROM unnest(${chatIds}::uuid[]) AS chat (id) CROSS JOIN LATERAL (
      SELECT m.chat_id, m.id, m.role::text AS role, m.created_at, m.content FROM chat_messages AS m
      WHERE ${OF_CHAT} ${NEWEST_FIRST} LIMIT ${MESSAGES_LOOKED_AT}) AS m
  ), parts AS (
    SELECT l.chat_id, l.id AS message_id, l.created_at, l.turn, item.place, item.part ->> 'type' = 'tool-call' AS is_call,
           item.part ->> 'toolCallId' AS call_id, item.part ->> 'toolName' AS tool,
           jsonb_typeof(item.part -> 'toolName') = 'string' AS is_named,
           item.part #>> '{output,type}' = 'error-text' AND starts_with(item.part #>> '{output,value}', 'cancelled') AS cancels
    FROM looked AS l CROSS JOIN LATERAL jsonb_array_elements(
      CASE jsonb_typeof(l.content) WHEN 'array' THEN l.content ELSE '[]' END) WITH ORDINALITY AS item (part, place)
    WHERE item.part ->> 'type' IN ('tool-call', 'tool-result') AND jsonb_typeof(item.part -> 'toolCallId') = 'string'
  ), matched AS (
    SELECT p.*,
           min(p.message_id) FILTER (WHERE p.is_call) OVER (
             PARTITION BY p.chat_id, p.call_id ORDER BY p.message_id DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS next_call,
           min(ARRAY[p.message_id, CASE WHEN p.cancels THEN 0 ELSE 1 END]) FILTER (WHERE NOT p.is_call) OVER (
             PARTITION BY p.chat_id, p.call_id ORDER BY p.message_id DESC
           ) AS result
    FROM parts AS p
  ), calls AS (
    SELECT m.*, COALESCE(m.result IS NULL OR m.next_call <= m.result[1], false) AS is_open
    FROM matched AS m WHERE m.is_call AND m.is_named
  ), runs AS (
    SELECT c.*, count(*) FILTER (WHERE NOT c.is_open AND c.result[2] = 1) OVER (
      PARTITION BY c.chat_id, c.turn, c.tool ORDER BY c.message_id, c.place) AS run
    FROM calls AS c
  ), counted AS (
    SELECT r.*, 1 + count(*) FILTER (WHERE NOT r.is_open AND r.result[2] = 0) OVER (
      PARTITION BY r.chat_id, r.turn, r.tool, r.run ORDER BY r.message_id, r.place) AS times
    FROM runs AS r
  ), newest AS (
    SELECT c.*, row_number() OVER (PARTITION BY c.chat_id ORDER BY c.message_id DESC, c.place DESC) AS rank
    FROM counted AS c WHERE c.is_open
  )
  SELECT n.chat_id AS "chatId", left(n.call_id, ${LONGEST_NAME}::int4) AS id, left(n.tool, ${LONGEST_NAME}::int4) AS "toolName",
         ${sayable(CREATED_AT)} AS since, ${ageSeconds(CREATED_AT)} AS "ageSeconds", ${isSayable(CREATED_AT)} AS "isTimeSayable",
         n.times::int4 AS "timesUnanswered"
  FROM newest AS n WHERE n.rank <= ${MOST_CALLS}
  ORDER BY n.chat_id, n.message_id, n.place`;

const CREATED_AT = Prisma.sql`n.created_at`;
