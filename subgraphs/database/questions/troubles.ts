/**
 * Trouble that keeps workers from chats: holders of their rows or tables, the rows of their owners, and whether writes
 * are taken.
 */
import { Prisma } from '../../../prisma/generated/client.ts';
import { chatsOf, type Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';
import { REPLAY_LAG } from './replayLag.ts';
import { isReplica, renewedInTime } from './replicaRows.ts';
import { READ_ONLY_BY_DEFAULT, WORKERS_ARE_HERE } from './takesWrites.ts';

export interface TroubleRow {
  readonly chatId: string;
  /** True if the database takes writes; null: a standby cannot tell, unless workers are connected to it. */
  readonly canWrite: boolean | null;
  readonly isInRecovery: boolean;
  /** Age in seconds of what a standby shows, at most; null: no standby, or nothing was replayed yet. */
  readonly replayLagSeconds: number | null;
  readonly ownerRow: 'ALIVE' | 'STALE' | 'STOPPED' | 'MISSING' | null;
  /** Number of live replicas; null: there are no rows of replicas, as some builds keep none. */
  readonly liveReplicas: number | null;
  /**
   * True if the row is held; null: a standby does not know the sessions of its primary, and a view does not know the
   * locks.
   */
  readonly rowLocked: boolean | null;
  /** True if a session waits to write to the row, or to a held table. Null as `rowLocked` is. */
  readonly rowAwaited: boolean | null;
  /** Seconds for which somebody has waited for the row: its holder has held it for at least as long. */
  readonly awaitedSeconds: number | null;
  /** True if a whole table is held or waited for, so that readers wait as well. Null: a standby. */
  readonly readersKeptOut: boolean | null;
  readonly processId: number | null;
  readonly applicationName: string | null;
  readonly state: string | null;
  readonly transactionSeconds: number | null;
  /** Cause of the holder's own wait; null also if it waits only for its client, as an idle session does. */
  readonly waitingFor: string | null;
}

/** Reads a row for each existing chat among these. It waits for no lock on a chat. */
export const troubles = (tx: Transaction, chatIds: readonly string[], platform: Platform): Promise<TroubleRow[]> =>
  tx.$queryRaw(troublesSql(chatIds, platform));

/**
 * Statement for the troubles.
 *
 * - The `xmax` of a row is the transaction that locked it last, a group of them (a multixact), or an aborted one.
 * - Only a running transaction counts, and only one with a lock on the table: numbers of groups and transactions
 * overlap.
 * - A subtransaction that ended keeps its number, and runs as long as its parent. The parent is known if only one
 * transaction works on the table.
 * - A session that waits for a row has a lock on its place.
 * - Where `chats` is a view there is no `xmax` or `ctid`. The names then mean the nulls beside the row.
 */
const troublesSql = (chatIds: readonly string[], platform: Platform): Prisma.Sql => Prisma.sql`
  WITH asked AS MATERIALIZED (
    SELECT c.id, c.worker_id, (SELECT xmax FROM chats AS row WHERE row.id = c.id) AS locker,
           (SELECT ctid FROM chats AS row WHERE row.id = c.id) AS place
    FROM ${chatsOf(platform)} AS c CROSS JOIN (SELECT NULL::xid AS xmax, NULL::tid AS ctid) AS unknown WHERE c.id = ANY(${chatIds}::uuid[])
  ), locks AS MATERIALIZED (
    SELECT l.* FROM pg_locks AS l WHERE l.pid IS DISTINCT FROM pg_backend_pid()
  ), here AS MATERIALIZED (
    SELECT l.* FROM locks AS l
    WHERE l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  ), on_tables AS MATERIALIZED (
    SELECT l.* FROM here AS l WHERE l.locktype = 'relation'
      AND l.relation IN (to_regclass('chats'), to_regclass('chat_messages'), to_regclass('chat_queued_messages'),
                         to_regclass('chat_heartbeats'), to_regclass('chat_events'))
  ), awaited AS MATERIALIZED (
    SELECT ('(' || l.page || ',' || l.tuple || ')')::tid AS place, l.pid FROM here AS l
    WHERE l.locktype = 'tuple' AND l.relation = to_regclass('chats')
  ), writing AS MATERIALIZED (
    SELECT l.transactionid AS xid, l.virtualtransaction AS holder FROM locks AS l
    WHERE l.locktype = 'transactionid' AND l.granted AND l.mode = 'ExclusiveLock'
      AND EXISTS (SELECT FROM on_tables AS t WHERE t.granted AND t.relation = to_regclass('chats')
                  AND t.virtualtransaction = l.virtualtransaction)
  ), lockers AS MATERIALIZED (
    SELECT a.id, a.locker AS xid FROM asked AS a WHERE NOT a.locker = '0'::xid AND NOT pg_is_in_recovery()
    UNION ALL
    SELECT a.id, member.xid FROM asked AS a CROSS JOIN LATERAL pg_get_multixact_members(
      CASE WHEN NOT a.locker = '0'::xid AND NOT pg_is_in_recovery() AND mxid_age(a.locker) > 0
             AND mxid_age(a.locker) <= (SELECT max(mxid_age(d.datminmxid)) FROM pg_database AS d)
           THEN a.locker END) AS member
  ), held AS MATERIALIZED (
    SELECT l.id, w.holder FROM lockers AS l JOIN writing AS w ON w.xid = l.xid
    UNION ALL
    SELECT l.id, (SELECT CASE WHEN count(DISTINCT w.holder) = 1 THEN min(w.holder) END FROM writing AS w)
    FROM lockers AS l
    WHERE NOT EXISTS (SELECT FROM writing AS w WHERE w.xid = l.xid) AND EXISTS (SELECT FROM writing) AND ${IN_PROGRESS}
    UNION ALL
    SELECT a.id, t.virtualtransaction FROM asked AS a CROSS JOIN on_tables AS t
    WHERE t.granted AND ${KEEPS_FROM_WRITING}
    UNION ALL
    SELECT a.id, blocker.virtualtransaction FROM asked AS a CROSS JOIN on_tables AS t
    CROSS JOIN LATERAL unnest(pg_blocking_pids(t.pid)) AS blocking (pid)
    JOIN on_tables AS blocker ON COALESCE(blocker.pid, 0) = blocking.pid AND blocker.relation = t.relation
    WHERE NOT t.granted AND ${KEEPS_FROM_WRITING}
  )
  SELECT a.id AS "chatId", pg_is_in_recovery() AS "isInRecovery", ${REPLAY_LAG} AS "replayLagSeconds",
    CASE WHEN NOT pg_is_in_recovery() THEN NOT ${READ_ONLY_BY_DEFAULT} WHEN ${WORKERS_ARE_HERE} THEN false END AS "canWrite",
    CASE WHEN a.worker_id IS NULL THEN NULL WHEN r.id IS NULL THEN ${ofNoReplica(platform)} WHEN r.stopped_at IS NOT NULL THEN 'STOPPED'
         WHEN ${renewedInTime(platform)} THEN 'ALIVE' ELSE 'STALE' END AS "ownerRow",
    CASE WHEN session.id IS NOT NULL THEN true WHEN NOT pg_is_in_recovery() AND a.locker IS NOT NULL THEN false END AS "rowLocked",
    CASE WHEN NOT pg_is_in_recovery() AND a.locker IS NOT NULL THEN session.id IS NOT NULL AND (${WRITERS_WAIT}
      OR EXISTS (SELECT FROM awaited AS w WHERE w.place = a.place)) END AS "rowAwaited",
    (SELECT max(greatest(0, extract(epoch FROM now() - (to_jsonb(l) ->> 'waitstart')::timestamptz)))::float8
     FROM awaited AS w JOIN locks AS l ON l.pid = w.pid AND NOT l.granted WHERE w.place = a.place) AS "awaitedSeconds",
    CASE WHEN NOT pg_is_in_recovery() THEN EXISTS (SELECT FROM on_tables AS t WHERE t.mode = 'AccessExclusiveLock')
    END AS "readersKeptOut",
    (SELECT CASE WHEN l.live > 0 THEN l.live WHEN EXISTS (SELECT FROM replicas AS r WHERE ${isReplica(platform)}) THEN 0 END
     FROM (SELECT count(*)::int4 AS live FROM replicas AS r
           WHERE r.stopped_at IS NULL AND ${renewedInTime(platform)} AND ${isReplica(platform)}) AS l) AS "liveReplicas",
    session.pid AS "processId", session.application_name AS "applicationName", session.state,
    CASE WHEN session.began IS NOT NULL THEN greatest(0, extract(epoch FROM now() - session.began))::float8 END AS "transactionSeconds",
    session.waits AS "waitingFor"
  FROM asked AS a
  LEFT JOIN replicas AS r ON r.id = a.worker_id AND ${isReplica(platform)}
  LEFT JOIN LATERAL (
    SELECT h.id, s.pid, s.application_name, COALESCE(s.xact_start, p.prepared) AS began,
           COALESCE(s.state, CASE WHEN p.gid IS NOT NULL THEN 'prepared transaction' END) AS state,
           CASE WHEN s.wait_event_type NOT IN ('Client', 'Activity') THEN s.wait_event_type || ': ' || s.wait_event END AS waits
    FROM held AS h
    LEFT JOIN (SELECT DISTINCT l.virtualtransaction, l.pid FROM locks AS l) AS v ON v.virtualtransaction = h.holder
    LEFT JOIN pg_stat_activity AS s ON s.pid = v.pid
    LEFT JOIN pg_prepared_xacts AS p ON EXISTS (
      SELECT FROM locks AS l WHERE l.virtualtransaction = h.holder AND l.transactionid = p.transaction AND l.granted)
    WHERE h.id = a.id ORDER BY COALESCE(s.xact_start, p.prepared) NULLS LAST, s.pid LIMIT 1
  ) AS session ON true`;

/**
 * Condition under which a missing owner row counts. Some builds keep no rows of replicas: if none is renewed, it means
 * nothing.
 */
const ofNoReplica = (platform: Platform): Prisma.Sql =>
  platform.name === 'own'
    ? Prisma.sql`'MISSING'`
    : Prisma.sql`
        CASE WHEN EXISTS (SELECT FROM replicas AS r WHERE ${isReplica(platform)} AND ${renewedInTime(platform)}) THEN 'MISSING' END`;

/** Modes that conflict with the lock of every write. A session that waits for one makes all later ones wait. */
const KEEPS_FROM_WRITING = Prisma.sql`
  t.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

const WRITERS_WAIT = Prisma.sql`
  EXISTS (SELECT FROM on_tables AS t WHERE NOT t.granted AND t.mode IN ('RowShareLock', 'RowExclusiveLock'))`;

/**
 * True if a transaction runs that is not among the locks.
 * Its number becomes one of 64 bits by its distance to the newest. `age` tells whether the number was given out at all;
 * otherwise Postgres refuses to answer.
 */
const IN_PROGRESS = Prisma.sql`
  CASE WHEN age(l.xid) BETWEEN 1 AND 2000000000 THEN
    pg_xact_status((SELECT greatest(3, newest.number
      + ((l.xid::text::int8 - newest.number + 2147483648) & 4294967295) - 2147483648)::text::xid8
      FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8 AS number) AS newest)) = 'in progress'
  ELSE false END`;
