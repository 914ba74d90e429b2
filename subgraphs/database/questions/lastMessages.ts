import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { isShown, newestMessages } from './messagesOfChat.ts';
import { ageSeconds, isSayable, sayable } from './moments.ts';

export interface LastMessageRow {
  readonly chatId: string;
  /** Role as any text: the enum can gain values. Empty where a view does not know it. */
  readonly role: string;
  readonly createdAt: Date | null;
  readonly ageSeconds: number | null;
  /** True if the stored time is a moment; null: no time is stored. */
  readonly isTimeSayable: boolean | null;
  readonly hasText: boolean | null;
  readonly finishReason: string | null;
}

const LONGEST_REASON = 100;

/** Reads the newest message of each chat that is neither deleted nor the system's. A chat without one has no row. */
export const lastMessages = (
  tx: Transaction,
  chatIds: readonly string[],
  { platform }: Moment,
): Promise<LastMessageRow[]> => tx.$queryRaw(lastMessagesSql(platform, chatIds));

export const lastMessagesSql = (platform: Platform, chatIds: readonly string[] | Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT m.chat_id AS "chatId", COALESCE(m.role::text, '') AS role, ${sayable(CREATED_AT)} AS "createdAt",
         ${ageSeconds(CREATED_AT)} AS "ageSeconds", ${isSayable(CREATED_AT)} AS "isTimeSayable",
         ${HAS_TEXT} AS "hasText", ${finishReason(platform)} AS "finishReason"
  FROM unnest(${chatIds}::uuid[]) AS chat (id)
  CROSS JOIN LATERAL (
    ${newestMessages(platform, {
      columns: Prisma.sql`m.id, m.chat_id, m.role, m.created_at, m.content`,
      condition: Prisma.sql`${isShown(platform)} AND m.role::text IS DISTINCT FROM 'system'`,
      limit: 1,
    })}) AS m
  CROSS JOIN (SELECT NULL::text AS finish_reason) AS unnoted`;

const CREATED_AT = Prisma.sql`m.created_at`;

/**
 * Column that only this project's worker writes.
 * Without it, the name means the null beside the message, because SQL looks for a name in the innermost query first.
 * On another platform a column of that name may mean anything.
 */
const finishReason = ({ name }: Platform) =>
  name === 'own'
    ? Prisma.sql`
        (SELECT left(finish_reason::text, ${LONGEST_REASON}::int4) FROM chat_messages AS noted
         WHERE noted.id = m.id AND noted.chat_id = m.chat_id)`
    : Prisma.sql`NULL::text`;

/**
 * True if the content has text: a string, or a list of parts, each with a type. Other content is of no known form.
 * Paths never fail.
 */
const HAS_TEXT = Prisma.sql`
  CASE jsonb_typeof(m.content)
    WHEN 'string' THEN (m.content #>> '{}') ~ '\\S'
    WHEN 'array' THEN
      CASE WHEN jsonb_path_exists(m.content, 'strict $[*] ? (@.type == "text" && @.text like_regex "\\\\S")', '{}', true) THEN true
           WHEN NOT jsonb_path_exists(m.content, '$[*] ? (@.type() != "object" || !exists(@.type))', '{}', true) THEN false
      END
  END`;
