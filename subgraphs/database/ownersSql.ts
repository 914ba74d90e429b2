/** Trouble of a runnable `chats AS c` that the history of its owners tells: OWNERS_LOST, SPINNING and THRASHING. */
import { CHANGES_WITHIN_SECONDS, MANY_CHANGES, RECENT_OWNERS } from '../../domain/diagnosis/limits.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { ownershipSql, RECENT } from './questions/ownership.ts';
import type { SuspectLimits } from './suspectLimits.ts';

/** True if the row alone does not keep a chat from being passed around: each change of the owner counts a version. */
const MAY_THRASH = Prisma.sql`
  (c.status IN ('running', 'interrupting')
    AND c.snapshot_version::float8 - c.history_version::float8 >= ${MANY_CHANGES})`;

/**
 * Condition by the history, or by the row where the history does not know the row's owner.
 * The history is looked at only where the row leaves it open.
 * @param isInVain condition on chats whose step was begun often enough, in vain
 */
export const orByHistory = (limits: SuspectLimits, isInVain: Prisma.Sql, byRow: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE WHEN ${isInVain} OR ${MAY_THRASH} THEN COALESCE((${byHistory(limits, isInVain)}), ${byRow}) ELSE false END`;

/** One row; null: the history does not know the row's owner. */
const byHistory = (
  { platform, ownersLostWarn, spinningAttempts }: SuspectLimits,
  isInVain: Prisma.Sql,
): Prisma.Sql => Prisma.sql`
  SELECT CASE WHEN bool_or(o.place = 1 AND ${IS_OF_ROW}) THEN
    ${isInVain} AND (
      c.generation_attempt >= ${ownersLostWarn}::int8
        AND count(*) FILTER (WHERE ${BEGAN_STEP}) >= ${Math.min(ownersLostWarn, RECENT_OWNERS)}
      OR c.generation_attempt >= ${spinningAttempts}::int8
        AND bool_or(o.place = 1 AND o.ended IS NULL AND o.attempts >= ${spinningAttempts}))
    OR ${MAY_THRASH} AND count(*) FILTER (WHERE ${IS_FORMER} AND ${LET_GO}) = ${MANY_CHANGES}
      AND count(*) FILTER (WHERE o.ended IS NULL AND o."stepsCommitted" > 0) = 0 END
  FROM (
    SELECT o.*, count(o.ended) OVER back AS ended_since,
           sum(o.attempts) OVER back - o.attempts AS attempts_since,
           sum(o."stepsCommitted") OVER back - o."stepsCommitted" AS steps_since
    FROM (${ownershipSql(platform, Prisma.sql`ARRAY[c.id]`, RECENT)}) AS o
    WINDOW back AS (ORDER BY o.place)) AS o`;

/** True if the newest owner is the row's, or had it last. */
const IS_OF_ROW = Prisma.sql`
  COALESCE(CASE WHEN o.ended IS NULL THEN o."workerId" = c.worker_id AND o."runnerId" = c.runner_id
    ELSE c.worker_id IS NULL END, false)`;

/** True for an owner that was lost at the present step, and for the present one once it has begun. */
const BEGAN_STEP = Prisma.sql`
  (o.attempts > 0 AND o.attempts_since < c.generation_attempt AND o.steps_since = 0
    AND (o.ended = 'TAKEN_OVER' OR o.ended IS NULL))`;

const IS_FORMER = Prisma.sql`(o.ended IS NOT NULL AND o.ended_since <= ${MANY_CHANGES})`;

/** True for an owner that lives, and let the chat go lately with work left. */
const LET_GO = Prisma.sql`
  (o.ended <> 'FINISHED' AND o."stepsCommitted" = 0 AND o."ownerRow" = 'ALIVE'
    AND o."ageSeconds" - o.seconds <= ${CHANGES_WITHIN_SECONDS}::float8)`;
