/** How long each owner held a chat, as its events tell. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { CHANGES_OWNER } from './events.ts';
import { isSayable } from './moments.ts';

export interface SpanRow {
  readonly chatId: string;
  readonly workerId: string;
  readonly runnerId: string;
  readonly fromAt: Date;
  readonly untilAt: Date | null;
  readonly seconds: number;
  readonly ended: 'FINISHED' | 'HANDED_OVER' | 'TAKEN_OVER' | 'RELEASED' | null;
  readonly stepsCommitted: number;
  readonly attempts: number;
}

/** Newest events of a chat that are looked at for what its owners did; a loop may make more in an hour. */
const MOST_EVENTS = 10_000;

/** Reads the last owners of each chat, newest first. */
export const ownership = (tx: Transaction, chatIds: readonly string[], limit: number): Promise<SpanRow[]> =>
  tx.$queryRaw(ownershipSql(chatIds, limit));

/** Statement for the owners. A change of the owner begins the time of one, ends that of another, or both. */
export const ownershipSql = (chatIds: readonly string[], limit: number): Prisma.Sql => Prisma.sql`
  SELECT chat.id AS "chatId", span.worker_id AS "workerId", span.runner_id AS "runnerId", span.at AS "fromAt",
         span.next_at AS "untilAt", greatest(0, date_part('epoch', COALESCE(span.next_at, now()) - span.at)) AS seconds,
         span.ended, COALESCE(span.steps, 0) AS "stepsCommitted", COALESCE(span.attempts, 0) AS attempts
  FROM unnest(${chatIds}::uuid[]) AS chat (id)
  CROSS JOIN LATERAL (
    WITH span AS MATERIALIZED (
      SELECT c.snapshot_version, c.worker_id, c.runner_id, c.at, c.next_at,
             CASE WHEN c.next_at IS NULL THEN NULL
                  WHEN c.next_worker_id IS NOT NULL THEN 'TAKEN_OVER'
                  WHEN c.next_by IN ('o', 'p') THEN 'RELEASED'
                  WHEN c.next_state = ANY('{r,R,i,I,a,A}'::"char"[]) THEN 'HANDED_OVER'
                  ELSE 'FINISHED' END AS ended
      FROM (
        SELECT o.snapshot_version, o.worker_id, o.runner_id, o.at, lag(o.at) OVER newest AS next_at,
               lag(o.worker_id) OVER newest AS next_worker_id, lag(o.by) OVER newest AS next_by,
               lag(o.to_state) OVER newest AS next_state
        FROM (
          SELECT * FROM chat_events AS o
          WHERE o.chat_id = chat.id AND ${CHANGES_OWNER} AND ${isSayable(Prisma.sql`o.at`)}
          ORDER BY o.chat_id DESC, o.snapshot_version DESC LIMIT ${2 * limit}) AS o
        WINDOW newest AS (ORDER BY o.snapshot_version DESC)) AS c
      WHERE c.worker_id IS NOT NULL AND c.runner_id IS NOT NULL ORDER BY c.snapshot_version DESC LIMIT ${limit}
    ), done AS (
      SELECT e.since_version, count(*) FILTER (WHERE ${IS_STEP})::int4 AS steps,
             count(*) FILTER (WHERE ${IS_ATTEMPT})::int4 AS attempts
      FROM (
        SELECT o.transitions, o.from_state, o.generation_attempt AS after, lag(o.generation_attempt) OVER oldest AS before,
               max(o.snapshot_version) FILTER (WHERE ${CHANGES_OWNER})
                 OVER (oldest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS since_version
        FROM (
          SELECT * FROM chat_events AS o
          WHERE o.chat_id = chat.id AND o.snapshot_version >= (SELECT min(span.snapshot_version) FROM span)
          ORDER BY o.chat_id DESC, o.snapshot_version DESC LIMIT ${MOST_EVENTS}) AS o
        WINDOW oldest AS (ORDER BY o.snapshot_version)) AS e
      GROUP BY e.since_version
    )
    SELECT * FROM span LEFT JOIN done ON done.since_version = span.snapshot_version) AS span
  ORDER BY chat.id, span.snapshot_version DESC`;

/**
 * True for an event with a committed step. Where nobody says the transitions, the count of attempts does: a step sets it
 * back, while the chat runs.
 */
const IS_STEP = Prisma.sql`
  ('commitStep' = ANY(e.transitions)
    OR e.transitions = '{}' AND e.before > 0 AND e.after = 0 AND e.from_state = ANY('{r,R}'::"char"[]))`;

const IS_ATTEMPT = Prisma.sql`
  ('recordGenerationAttempt' = ANY(e.transitions) OR e.transitions = '{}' AND e.after > e.before)`;
