/** Chats at rest without an answer: a person's message stands last, or a step that ended without text. */

import { UNANSWERED_FOR_SECONDS } from '../../domain/diagnosis/limits.ts';
import { pickUpSeconds } from '../../domain/thresholds.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import { lastMessagesSql } from './questions/lastMessages.ts';
import { EARLIEST_SAYABLE, inSeconds, secondsAgo } from './questions/moments.ts';
import type { SuspectLimits } from './suspectLimits.ts';

/** Condition on the column that this project's triggers keep. */
const NOTED = Prisma.sql`c.unanswered`;

/**
 * True if the column tells it. Triggers see all of a message. Where this service can read less of it, nothing more is
 * known here.
 */
export const isUnansweredNoted = ({ notesUnanswered, tables }: Platform): boolean =>
  notesUnanswered && !tables.lacks.some(({ table }) => table === 'chat_messages');

/** Condition that looks the answer up, where the table has no such column. */
const lookedUp = (platform: Platform) => Prisma.sql`(
  SELECT CASE
    WHEN l.role = 'user' THEN 'message'
    WHEN l."finishReason" = 'interrupted' THEN NULL
    WHEN l.role = 'tool' OR l.role = 'assistant' AND NOT l."hasText" THEN 'step' END
  FROM (${lastMessagesSql(platform, Prisma.sql`ARRAY[c.id]`)}) AS l)`;

/**
 * Condition on an unarchived `chats AS c` at rest. A person's message may be younger than the time that workers take to
 * look.
 * A row whose time is no moment may be of any age.
 */
export function isUnanswered(limits: SuspectLimits): Prisma.Sql {
  const { platform, clockAheadSeconds } = limits;
  const isNews = Prisma.sql`
    (c.updated_at >= ${secondsAgo(UNANSWERED_FOR_SECONDS)} OR c.updated_at < ${EARLIEST_SAYABLE}) IS NOT FALSE`;
  const isSettled = Prisma.sql`
    (c.updated_at < ${secondsAgo(pickUpSeconds(limits))} OR c.updated_at > ${inSeconds(clockAheadSeconds)}) IS NOT FALSE`;
  const what = isUnansweredNoted(platform) ? NOTED : lookedUp(platform);
  return Prisma.sql`
    (${isNews} AND CASE ${what} WHEN 'step' THEN true WHEN 'message' THEN ${isSettled} END) IS TRUE`;
}
