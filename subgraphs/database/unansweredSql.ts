/** Chats at rest without an answer: a person's message stands last, or a step that ended without text. */

import { UNANSWERED_FOR_SECONDS } from '../../domain/diagnosis/limits.ts';
import { pickUpSeconds } from '../../domain/thresholds.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import { lastMessagesSql } from './questions/lastMessages.ts';
import { ageSeconds } from './questions/moments.ts';
import type { SuspectLimits } from './suspectLimits.ts';

/** Condition on the column that this project's triggers keep. */
const NOTED = Prisma.sql`c.unanswered`;

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
  const what = platform.notesUnanswered ? NOTED : lookedUp(platform);
  return Prisma.sql`
    (SELECT (a.age <= ${UNANSWERED_FOR_SECONDS}::float8 OR a.age IS NULL) AND (${what} = 'step' OR ${what} = 'message'
       AND (a.age IS NULL OR a.age > ${pickUpSeconds(limits)}::float8 OR a.age < -${clockAheadSeconds}::float8))
     FROM (SELECT (${ageSeconds(Prisma.sql`c.updated_at`)}) AS age OFFSET 0) AS a) IS TRUE`;
}
