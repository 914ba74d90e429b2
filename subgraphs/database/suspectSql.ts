/**
 * Trouble in `chats AS c`, by its rows alone: at least a WARNING of the diagnosis, or a long quiet.
 * The rules themselves stand in `domain/diagnosis`; a test compares the two over random rows. Cheap conditions come
 * first.
 */

import { Prisma } from '../../prisma/generated/client.ts';
import { QUEUED, RUNNABLE } from './executionStateSql.ts';
import { isClockAhead, isRunnableTrouble } from './runnableTroubleSql.ts';
import type { SuspectLimits } from './suspectLimits.ts';
import { isUnanswered } from './unansweredSql.ts';

/**
 * Chats that something is told of; planning what is told of the others costs more than looking at them. `troubled`: all
 * of them are trouble.
 */
export type Among = 'all' | 'runnable' | 'others' | 'unanswered' | 'troubled';

/** True for a chat in trouble; null for one whose times are no moments. */
export function looksLikeTrouble(limits: SuspectLimits, among: Among): Prisma.Sql {
  switch (among) {
    case 'all':
      return Prisma.sql`CASE WHEN ${RUNNABLE} THEN ${isRunnableTrouble(limits)} ELSE ${isOtherTrouble(limits)} END`;
    case 'runnable':
      return isRunnableTrouble(limits);
    case 'others':
      return isOtherTrouble(limits);
    case 'unanswered':
      return isUnanswered(limits);
    case 'troubled':
      return Prisma.sql`true`;
  }
}

/** A queue is looked for last, and once. */
const isOtherTrouble = (limits: SuspectLimits): Prisma.Sql => Prisma.sql`
  CASE
    WHEN c.status IN ('waiting', 'error') THEN
      NOT c.archived AND (${isClockAhead(limits)} OR CASE WHEN c.status = 'error' THEN ${RETRY_IS_NO_USE} ELSE ${isUnanswered(limits)} END)
      OR (c.status = 'waiting' OR NOT c.archived) AND ${QUEUED}
    ${limits.platform.name === 'coder' ? pausedTrouble(limits) : Prisma.empty}
    ELSE true END`;

/**
 * Condition for a turn that ended at a queued message which a person edits: a state of other platforms, without an
 * owner.
 */
const pausedTrouble = (limits: SuspectLimits): Prisma.Sql => Prisma.sql`
  WHEN c.status::text = 'paused' THEN c.worker_id IS NOT NULL OR NOT c.archived AND ${isClockAhead(limits)}`;

/** True if trying again does not help; worded as in the partial index of the migrations. */
export const RETRY_IS_NO_USE = Prisma.sql`(c.last_error -> 'retryable') = 'false'::jsonb`;
