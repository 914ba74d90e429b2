/** How long each owner held a chat, as its events tell. */
import { RECENT_OWNERS } from '../../../domain/diagnosis/limits.ts';
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import { isReadable } from '../tables/sources.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { CHANGES_OWNER } from './events.ts';
import { isSayable } from './moments.ts';
import { renewedInTime } from './replicaRows.ts';

export interface SpanRow {
  readonly chatId: string;
  /** Place among the chat's owners; 1: the newest. */
  readonly place: number;
  readonly workerId: string;
  readonly runnerId: string;
  readonly fromAt: Date;
  readonly untilAt: Date | null;
  readonly ageSeconds: number;
  readonly seconds: number;
  readonly ended: 'FINISHED' | 'HANDED_OVER' | 'TAKEN_OVER' | 'RELEASED' | null;
  readonly stepsCommitted: number;
  readonly attempts: number;
  /** State of the owner's row now; null: there is nothing to see it by. */
  readonly ownerRow: 'ALIVE' | 'STALE' | 'STOPPED' | 'MISSING' | null;
}

/** Part of a chat's history that is looked at. */
interface Span {
  /** Number of owners, the newest ones. */
  readonly owners: number;
  /** Number of events that tell what the owners did, the newest ones. */
  readonly events: number;
}

/** Events that are looked at where somebody asks for owners; a loop may make more in an hour. */
export const MOST_EVENTS = 10_000;

/** Part that every diagnosis and every list of suspects looks at, so that a long history costs no more than a short one. */
export const RECENT: Span = { owners: RECENT_OWNERS, events: 200 };

/** Reads the last owners of each chat, newest first. */
export const ownership = (
  tx: Transaction,
  chatIds: readonly string[],
  { platform }: Pick<Moment, 'platform'>,
  span: Span,
): Promise<SpanRow[]> => tx.$queryRaw(ownershipSql(platform, chatIds, span));

/** Statement for the owners. A change of the owner begins the time of one, ends that of another, or both. */
export const ownershipSql = (
  platform: Platform,
  chatIds: readonly string[] | Prisma.Sql,
  { owners, events }: Span,
): Prisma.Sql => Prisma.sql`
  SELECT chat.id AS "chatId", span.place, span.worker_id AS "workerId", span.runner_id AS "runnerId", span.at AS "fromAt",
         span.next_at AS "untilAt", date_part('epoch', now() - span.at) AS "ageSeconds",
         greatest(0, date_part('epoch', COALESCE(span.next_at, now()) - span.at)) AS seconds,
         span.ended, span.steps AS "stepsCommitted", span.attempts,
         ${ownerRow(platform)} AS "ownerRow"
  FROM unnest(${chatIds}::uuid[]) AS chat (id)
  CROSS JOIN LATERAL (
    WITH span AS MATERIALIZED (
      SELECT c.snapshot_version, c.worker_id, c.runner_id, c.at, c.next_version, c.next_at,
             CASE WHEN c.next_version IS NULL THEN NULL
                  WHEN c.next_worker_id IS NOT NULL THEN 'TAKEN_OVER'
                  WHEN c.next_by IN ('o', 'p') THEN 'RELEASED'
                  WHEN c.next_state = ANY('{r,R,i,I,a,A}'::"char"[]) THEN 'HANDED_OVER'
                  ELSE 'FINISHED' END AS ended
      FROM (
        SELECT o.snapshot_version, o.worker_id, o.runner_id, o.at, lag(o.snapshot_version) OVER newest AS next_version,
               lag(o.at) OVER newest AS next_at, lag(o.worker_id) OVER newest AS next_worker_id,
               lag(o.by) OVER newest AS next_by, lag(o.to_state) OVER newest AS next_state
        FROM (
          SELECT * FROM chat_events AS o
          WHERE o.chat_id = chat.id AND ${CHANGES_OWNER} AND ${isSayable(Prisma.sql`o.at`)}
          ORDER BY o.chat_id DESC, o.snapshot_version DESC LIMIT ${2 * owners}) AS o
        WINDOW newest AS (ORDER BY o.snapshot_version DESC)) AS c
      WHERE c.worker_id IS NOT NULL AND c.runner_id IS NOT NULL ORDER BY c.snapshot_version DESC LIMIT ${owners}
    ), newest AS MATERIALIZED (
      SELECT o.snapshot_version, o.transitions, o.from_state, o.generation_attempt
      FROM chat_events AS o WHERE o.chat_id = chat.id AND o.snapshot_version > (SELECT min(span.snapshot_version) FROM span)
      ORDER BY o.chat_id DESC, o.snapshot_version DESC LIMIT ${events}
    )
    SELECT span.*, done.*, (row_number() OVER (ORDER BY span.snapshot_version DESC))::int4 AS place
    FROM span CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE ${IS_STEP})::int4 AS steps, COALESCE(sum(${ATTEMPTS}), 0)::int4 AS attempts
      FROM newest AS e WHERE e.snapshot_version > span.snapshot_version
        AND (span.next_version IS NULL OR e.snapshot_version <= span.next_version)) AS done) AS span
  ORDER BY chat.id, span.place`;

/** State of the owner's row. A process that stopped or died has a row, and no other process ever has its id. */
const ownerRow = (platform: Platform): Prisma.Sql =>
  isReadable(platform.tables, 'replicas')
    ? Prisma.sql`COALESCE((
        SELECT CASE WHEN r.stopped_at IS NOT NULL THEN 'STOPPED' WHEN ${renewedInTime(platform)} THEN 'ALIVE' ELSE 'STALE' END
        FROM replicas AS r WHERE r.id = span.worker_id), 'MISSING')`
    : Prisma.sql`NULL::text`;

/** Attempts before an event, looked up only where nobody says its transitions. */
const ATTEMPTS_BEFORE = Prisma.sql`
  (SELECT b.generation_attempt FROM chat_events AS b
   WHERE b.chat_id = chat.id AND b.snapshot_version < e.snapshot_version
   ORDER BY b.chat_id DESC, b.snapshot_version DESC LIMIT 1)`;

/**
 * True for an event with a committed step. Where nobody says the transitions, the count of attempts does: a step sets it
 * back, while the chat runs.
 */
const IS_STEP = Prisma.sql`
  CASE WHEN e.transitions <> '{}' THEN 'commitStep' = ANY(e.transitions)
    ELSE e.generation_attempt = 0 AND e.from_state = ANY('{r,R}'::"char"[]) AND ${ATTEMPTS_BEFORE} > 0 END`;

/** Attempts that an event tells of. One change by hand may add several, and at most so many are believed. */
const MOST_AT_ONCE = 100_000;
const ATTEMPTS = Prisma.sql`
  CASE WHEN e.transitions <> '{}' THEN ('recordGenerationAttempt' = ANY(e.transitions))::int
    ELSE least(greatest(e.generation_attempt::numeric - ${ATTEMPTS_BEFORE}, 0), ${MOST_AT_ONCE}) END`;
