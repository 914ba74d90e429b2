/** The work since the person's newest message. The look back is limited: a chat may have millions of messages. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { isShown, messagesBackwards, NEWEST_FIRST, newestMessages } from './messagesOfChat.ts';
import { ageSeconds, isSayable, sayable } from './moments.ts';

export interface TurnRow {
  readonly chatId: string;
  readonly startedAt: Date | null;
  readonly ageSeconds: number | null;
  /** True if the stored time is a moment; null: the turn begins before what is looked at, or no time is stored. */
  readonly isTimeSayable: boolean | null;
  readonly steps: number;
  /** Number of tool calls; null: the steps hold too much to be looked through. */
  readonly toolCalls: number | null;
}

/** Newest messages of a chat that are looked at. A longer turn is shown as long as that. */
export const MESSAGES_OF_A_TURN = 10_000;

/** Stored bytes of the steps up to which calls are looked for; a list asks this of a hundred chats. */
const BYTES_LOOKED_THROUGH = 2_000_000;

/** Reads the turns. A chat without a person's message among those looked at has no row. */
export const turns = (tx: Transaction, chatIds: readonly string[], { platform }: Moment): Promise<TurnRow[]> =>
  tx.$queryRaw(turnsSql(platform, chatIds));

export const turnsSql = (platform: Platform, chatIds: readonly string[] | Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT chat.id AS "chatId", ${sayable(CREATED_AT)} AS "startedAt", ${ageSeconds(CREATED_AT)} AS "ageSeconds",
         ${isSayable(CREATED_AT)} AS "isTimeSayable", done.steps, done."toolCalls"
  FROM unnest(${chatIds}::uuid[]) AS chat (id)
  LEFT JOIN LATERAL (
    SELECT m.id, m.created_at FROM (${newest(platform, Prisma.sql`true`)}) AS m WHERE m.role = 'user' ${NEWEST_FIRST} LIMIT 1
  ) AS begun ON true
  CROSS JOIN LATERAL (
    SELECT count(*)::int4 AS looked, (count(*) FILTER (WHERE m.role = 'assistant'))::int4 AS steps,
           CASE WHEN COALESCE(max(m.bytes), 0) <= ${BYTES_LOOKED_THROUGH} THEN COALESCE(sum(
             CASE WHEN m.size > 0 AND m.bytes <= ${BYTES_LOOKED_THROUGH}
               THEN (SELECT count(*) FROM jsonb_path_query(m.content, ${CALLS}, '{}', true)) END), 0)::int4 END AS "toolCalls"
    FROM (
      SELECT n.*, sum(n.size) OVER (ORDER BY n.id DESC) AS bytes
      FROM (${newest(platform, Prisma.sql`m.id > COALESCE(begun.id, '-9223372036854775808'::int8)`)}) AS n) AS m
  ) AS done
  WHERE begun.id IS NOT NULL OR done.looked = ${MESSAGES_OF_A_TURN}`;

/**
 * The steps alone of one chat's turn, by one look at its messages that ends with the person's newest. No row where there is
 * no turn.
 */
export const stepsSql = (platform: Platform, chatId: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT m.steps FROM (
    SELECT m.role, count(*) FILTER (WHERE m.role = 'assistant') OVER back AS steps, row_number() OVER back AS looked
    FROM (SELECT ${chatId} AS id) AS chat CROSS JOIN LATERAL (
      ${messagesBackwards(platform, {
        columns: Prisma.sql`m.chat_id, m.id, m.role::text AS role`,
        condition: isShown(platform),
        limit: MESSAGES_OF_A_TURN,
      })}) AS m
    WINDOW back AS (ORDER BY m.chat_id DESC, m.id DESC ROWS UNBOUNDED PRECEDING)
  ) AS m WHERE m.role = 'user' OR m.looked = ${MESSAGES_OF_A_TURN} LIMIT 1`;

const newest = (platform: Platform, condition: Prisma.Sql) =>
  newestMessages(platform, {
    columns: Prisma.sql`m.chat_id, m.id, m.role::text AS role, m.created_at, m.content,
      CASE WHEN m.role = 'assistant' THEN pg_column_size(m.content) ELSE 0 END AS size`,
    condition: Prisma.sql`${isShown(platform)} AND ${condition}`,
    limit: MESSAGES_OF_A_TURN,
  });

const CREATED_AT = Prisma.sql`begun.created_at`;
const CALLS = Prisma.sql`'strict $[*] ? (@.type == "tool-call").type'`;
