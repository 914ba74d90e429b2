/** Trouble of runnable chats in `chats AS c`: each condition names the findings of the diagnosis that it stands for. */
import { QUEUE } from '../../domain/diagnosis/conditions/ownTime.ts';
import {
  LONG_WAITS,
  LONGEST_RETRY_FACTOR,
  MANY_ATTEMPTS,
  MANY_RUNNERS,
  NOT_STORED,
  OFTEN_UNANSWERED,
  RETRY_GRACE_SECONDS,
} from '../../domain/diagnosis/limits.ts';
import { pickUpSeconds, type Thresholds } from '../../domain/thresholds.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { orByHistory } from './ownersSql.ts';
import { type Capacity, keepsHistory } from './platform.ts';
import { IS_UNREADABLE } from './questions/chatColumns.ts';
import { lostChildrenSql } from './questions/children.ts';
import { BEYOND_SAYABLE, inSeconds, isSayable, secondsAgo } from './questions/moments.ts';
import { openCallsSql } from './questions/openCalls.ts';
import { isFull } from './questions/pools.ts';
import { stepsSql } from './questions/turns.ts';
import { HAS_RETRY_STATE, NAMES_RETRY_TIME, RETRY_SECONDS_LEFT } from './retrySql.ts';
import type { SuspectLimits } from './suspectLimits.ts';
import { isAnswerable } from './tables/sources.ts';

/** True for a row further ahead of the clock than allowed. */
export const isClockAhead = ({ clockAheadSeconds }: Thresholds) => Prisma.sql`
  (c.updated_at > ${inSeconds(clockAheadSeconds)} AND c.updated_at < ${BEYOND_SAYABLE})`;

/** Condition on a runnable chat, with one row of what is looked at again and again: its leases, and its retry. */
export function isRunnableTrouble(limits: SuspectLimits): Prisma.Sql {
  const leases = limits.heartbeatsReadable
    ? Prisma.sql`
        max(h.heartbeat_at) FILTER (WHERE h.runner_id = c.runner_id) AS leased_at, count(*) AS leases
        FROM chat_heartbeats AS h WHERE h.chat_id = c.id`
    : Prisma.sql`NULL::timestamptz AS leased_at, 0::int8 AS leases OFFSET 0`;
  const conditions = [
    ...[isOdd(limits), isOutOfTime(limits), isLate(limits), isQuiet(limits)],
    ...[isBegunAgain(limits), isLooping(limits), ...(limits.someWaitOutside ? [waitsInVain(limits)] : [])],
  ];
  return Prisma.sql`(${isClockAhead(limits)} OR (
    SELECT ${Prisma.join(conditions, ' OR ')}
    FROM (SELECT ${RETRY_SECONDS_LEFT} AS retry_seconds, ${leases}) AS t))`;
}

/**
 * True for a chat older than so many seconds. Its time must be a moment that is not ahead, as in all chats still asked
 * about.
 */
const olderThan = (seconds: number) => Prisma.sql`c.updated_at < ${secondsAgo(seconds)}`;
/** The same of a lease: one whose time cannot be said is trouble by itself. */
const leaseOlderThan = (seconds: number) => Prisma.sql`t.leased_at < ${secondsAgo(seconds)}`;

/** Condition of VALUE_UNREADABLE, and of CLOCK_AHEAD by a lease. Only a view has chats without a time. */
const isOdd = ({ clockAheadSeconds, platform }: SuspectLimits) => {
  const columns = (
    ['updatedAt', 'snapshotVersion', 'historyVersion', 'generationAttempt', 'retryStateVersion'] as const
  ).map((name) => Prisma.sql`(${IS_UNREADABLE[name]})`);
  return Prisma.sql`
    ${Prisma.join(columns, ' OR ')} ${platform.name === 'views' ? Prisma.sql`OR c.updated_at IS NULL` : Prisma.empty}
    OR c.status = 'requires_action' AND ${IS_UNREADABLE.requiresActionDeadlineAt}
    OR c.status = 'running' AND t.retry_seconds IS NULL AND ${NAMES_RETRY_TIME}
    OR NOT ${isSayable(Prisma.sql`t.leased_at`)} OR t.leased_at > ${inSeconds(clockAheadSeconds)}`;
};

/**
 * Condition of RETRY_OVERDUE, RETRY_BACKOFF as a warning, and ACTION_DEADLINE_PASSED. A retry that waits for a worker is
 * late only when the chat is, which is looked for below.
 */
const isOutOfTime = (limits: SuspectLimits) => Prisma.sql`
  c.status = 'running' AND (t.retry_seconds < -${RETRY_GRACE_SECONDS}::float8 AND NOT ${unowned(limits)}
    OR ${isTooFarAhead(limits)}
    OR t.retry_seconds IS NOT NULL AND (${MANY_FAILED} OR ${isNotStored(limits)}))
  OR c.status = 'requires_action' AND c.requires_action_deadline_at < ${secondsAgo(pickUpSeconds(limits))}
    AND NOT ${waitsForSlot(limits)}`;

const ATTEMPT = Prisma.sql`c.retry_state -> 'attempt'`;
/** True for many failed attempts. A number beyond all doubles counts as none. */
const MANY_FAILED = Prisma.sql`
  CASE WHEN jsonb_typeof(${ATTEMPT}) = 'number' AND (${ATTEMPT})::numeric BETWEEN -1e300 AND 1e300
    THEN (${ATTEMPT})::float8 >= ${MANY_ATTEMPTS} ELSE false END`;

/** True if the worker could not store what the model said last. */
const isNotStored = ({ platform }: SuspectLimits) =>
  platform.name === 'own' ? Prisma.sql`COALESCE(c.retry_state ->> 'kind' = ${NOT_STORED}, false)` : Prisma.sql`false`;

/** Condition of NO_OWNER, OWNER_STOPPED, OWNER_UNKNOWN, HEARTBEAT_MISSING, HEARTBEAT_STALE and LEASE_ENDANGERED. */
function isLate(limits: SuspectLimits): Prisma.Sql {
  const { staleAfterSeconds, heartbeatIntervalSeconds, heartbeatsReadable } = limits;
  const isLost = heartbeatsReadable
    ? Prisma.sql`(c.runner_id IS NOT NULL AND t.leased_at IS NULL OR ${leaseOlderThan(staleAfterSeconds)})`
    : Prisma.sql`false`;
  const lateSeconds = (heartbeatIntervalSeconds + staleAfterSeconds) / 2;
  return Prisma.sql`
    ${olderThan(pickUpSeconds(limits))} AND (${isNotTaken(limits)} OR ${isLost})
    OR ${leaseOlderThan(lateSeconds)} AND NOT ${leaseOlderThan(staleAfterSeconds)}`;
}

/** True for a chat without an owner. A platform that is known by views may know no runners. */
const unowned = ({ platform }: SuspectLimits) =>
  platform.name === 'views'
    ? Prisma.sql`(c.worker_id IS NULL)`
    : Prisma.sql`(c.worker_id IS NULL OR c.runner_id IS NULL)`;

/** True for a longer pause than a worker makes. How long those behind views wait is their own business. */
const isTooFarAhead = ({ longestRetrySeconds, platform }: SuspectLimits) =>
  platform.name === 'views'
    ? Prisma.sql`false`
    : Prisma.sql`t.retry_seconds > ${longestRetrySeconds * LONGEST_RETRY_FACTOR}::float8`;

/** Condition of NO_OWNER, or of CAPACITY_WAIT as a warning where the chat's pool is full. */
const isNotTaken = (limits: SuspectLimits) =>
  Prisma.sql`(${unowned(limits)} AND NOT ${waitsForSlot(limits)} AND NOT ${waitsForItsTime(limits)} AND NOT ${waitsInQueue(limits)})`;

/** True for a chat of views that nobody has to own yet: its start, or its next try, lies ahead or has just come. */
const waitsForItsTime = (limits: SuspectLimits) =>
  limits.platform.name === 'views'
    ? Prisma.sql`
        (c.worker_id IS NULL AND c.status = 'running'
          AND COALESCE(t.retry_seconds > -${pickUpSeconds(limits)}::float8, false))`
    : Prisma.sql`false`;

/** True for a chat of views that its own queue keeps back. */
const waitsInQueue = ({ platform }: SuspectLimits) =>
  platform.name === 'views'
    ? Prisma.sql`(c.worker_id IS NULL AND COALESCE(c.retry_state ->> 'kind' = ${QUEUE}, false))`
    : Prisma.sql`false`;

/** True for a chat whose pool is full, and which has not waited long. */
function waitsForSlot(limits: SuspectLimits): Prisma.Sql {
  const { pools } = limits;
  const full = (kind: keyof Capacity) => pools !== undefined && isFull(pools, kind);
  if (!full('root') && !full('subagents')) return Prisma.sql`false`;
  const isPoolFull = Prisma.sql`
    CASE WHEN c.parent_chat_id IS NULL THEN ${full('root')}::bool ELSE ${full('subagents')}::bool END`;
  return Prisma.sql`(c.worker_id IS NULL AND (${isPoolFull}) AND NOT ${olderThan(LONG_WAITS * pickUpSeconds(limits))})`;
}

/**
 * Condition of QUIET. It is found only where nothing else is. While a chat waits for an outside tool or between two
 * calls, somebody always knows why.
 */
const isQuiet = (limits: SuspectLimits) => Prisma.sql`
  ${olderThan(limits.noProgressSeconds)} AND c.status <> 'requires_action'
    AND NOT (c.status = 'running' AND t.retry_seconds IS NOT NULL) AND NOT ${unowned(limits)}`;

/**
 * True if owners gave the chat up in order. Each attempt of another owner counts the row up three times; of the same
 * owner, once.
 */
const HANDED_OVER = Prisma.sql`
  (c.snapshot_version::float8 - c.history_version::float8 >= 2 * c.generation_attempt::float8)`;

/** True for a chat whose present step was begun so often, and whose attempts neither failed nor led anywhere. */
const begunInVain = (attempts: number) => Prisma.sql`
  (c.status = 'running' AND c.generation_attempt >= ${attempts}::int8 AND NOT ${HAS_RETRY_STATE}
    AND c.retry_state_version <= c.history_version)`;

/** Condition of OWNERS_LOST, SPINNING and THRASHING. Leases and versions tell it where the history does not. */
function isBegunAgain(limits: SuspectLimits): Prisma.Sql {
  const { spinningAttempts, ownersLostWarn, heartbeatsReadable, platform } = limits;
  const byMany = heartbeatsReadable
    ? Prisma.sql`c.generation_attempt >= ${ownersLostWarn}::int8 AND t.leases >= ${MANY_RUNNERS}`
    : Prisma.sql`false`;
  const isInVain = begunInVain(Math.min(spinningAttempts, ownersLostWarn));
  const byRow = Prisma.sql`
    (${isInVain} AND (c.generation_attempt >= ${spinningAttempts}::int8 AND NOT ${HANDED_OVER} OR ${byMany}))`;
  return keepsHistory(platform) ? orByHistory(limits, isInVain, byRow) : byRow;
}

/** Condition of CALL_UNANSWERED, CHILD_LOST, and ACTION_PENDING of a chat that waits for ever. */
function waitsInVain(limits: SuspectLimits): Prisma.Sql {
  const { platform, readableOf } = limits;
  const isChildLost = Prisma.sql`EXISTS (${lostChildrenSql(platform, Prisma.sql`ARRAY[c.id]`, readableOf)})`;
  const isInVain = isAnswerable(platform.tables, 'chat_messages', 'openCalls')
    ? Prisma.sql`${isCallInVain(limits)} OR ${isChildLost}`
    : isChildLost;
  return Prisma.sql`c.status = 'requires_action' AND (${isInVain})`;
}

/** True if no call is open and no deadline will come. Views need not show either. */
const waitsForEver = (limits: SuspectLimits): Prisma.Sql =>
  limits.platform.name === 'views'
    ? Prisma.sql`false`
    : Prisma.sql`COALESCE(c.requires_action_deadline_at, 'infinity') = 'infinity' AND ${olderThan(pickUpSeconds(limits))}`;

const isCallInVain = (limits: SuspectLimits): Prisma.Sql => Prisma.sql`
  (SELECT CASE WHEN count(*) > 0 THEN bool_or(o."timesUnanswered" >= ${OFTEN_UNANSWERED})
     ELSE ${waitsForEver(limits)} END
   FROM (${openCallsSql(limits.platform, Prisma.sql`ARRAY[c.id]`)}) AS o)`;

/** Condition of LOOPING. */
const isLooping = ({ loopSteps, platform }: SuspectLimits) =>
  isAnswerable(platform.tables, 'chat_messages', 'turns')
    ? Prisma.sql`(${stepsSql(platform, Prisma.sql`c.id`)}) > ${loopSteps}`
    : Prisma.sql`false`;
