/** Renews the leases of all runners of a worker in one statement, which waits for nobody's lock. */
import type { Pool } from 'pg';
import { isLocked } from './databaseFailure.ts';

export interface LeaseKey {
  readonly chatId: string;
  readonly runnerId: string;
}

export interface Renewal {
  /** Runner ids whose leases were renewed. */
  readonly renewed: ReadonlySet<string>;
  /** Runner ids whose leases were not, because somebody holds a lock; the chats may still be theirs. */
  readonly passedOver: ReadonlySet<string>;
  /** Why the whole could only be done in part; undefined: it was not so. */
  readonly failure?: unknown;
}

interface Row {
  readonly runnerId: string;
  readonly renewed: boolean;
}

/**
 * Inserts where the row is gone: the table is UNLOGGED, and a crash of Postgres empties it. An insert's foreign key needs a
 * lock on the chat's row, so that lock is taken before, where it is free.
 * Only leases that could not be locked are looked for again: they are gone, or somebody holds them.
 */
const RENEW = `
  WITH mine AS (
    SELECT chats.id AS chat_id, chats.runner_id
    FROM unnest($2::uuid[], $3::uuid[]) AS named (chat_id, runner_id)
    JOIN chats ON chats.id = named.chat_id AND chats.runner_id = named.runner_id AND chats.worker_id = $1
  ), free AS (
    SELECT beat.chat_id, beat.runner_id FROM chat_heartbeats beat JOIN mine USING (chat_id, runner_id)
    FOR NO KEY UPDATE OF beat SKIP LOCKED
  ), renewed AS (
    UPDATE chat_heartbeats beat SET heartbeat_at = now() FROM free
    WHERE beat.chat_id = free.chat_id AND beat.runner_id = free.runner_id
    RETURNING beat.runner_id
  ), unseen AS MATERIALIZED (
    SELECT chat_id, runner_id FROM mine EXCEPT ALL SELECT chat_id, runner_id FROM free
  ), gone AS (
    SELECT chats.id AS chat_id, chats.runner_id FROM chats JOIN unseen ON unseen.chat_id = chats.id
    WHERE NOT EXISTS (
      SELECT FROM chat_heartbeats beat WHERE beat.chat_id = unseen.chat_id AND beat.runner_id = unseen.runner_id)
    FOR KEY SHARE OF chats SKIP LOCKED
  ), restored AS (
    INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) SELECT chat_id, runner_id, now() FROM gone
    ON CONFLICT (chat_id, runner_id) DO NOTHING
    RETURNING runner_id
  )
  SELECT mine.runner_id AS "runnerId",
    mine.runner_id IN (SELECT runner_id FROM renewed UNION ALL SELECT runner_id FROM restored) AS renewed
  FROM mine`;

/** The same for leases that are there, without a look at `chats`: who owns them cannot be asked while it is locked. */
const RENEW_UNSEEN = `
  WITH free AS (
    SELECT beat.chat_id, beat.runner_id FROM chat_heartbeats beat
    JOIN unnest($1::uuid[], $2::uuid[]) AS named (chat_id, runner_id) USING (chat_id, runner_id)
    FOR NO KEY UPDATE OF beat SKIP LOCKED
  )
  UPDATE chat_heartbeats beat SET heartbeat_at = now() FROM free
  WHERE beat.chat_id = free.chat_id AND beat.runner_id = free.runner_id
  RETURNING beat.runner_id AS "runnerId"`;

/** Whoever is in neither part of the renewal has lost the chat. */
export async function renewLeases(pool: Pool, workerId: string, leases: readonly LeaseKey[]): Promise<Renewal> {
  if (leases.length === 0) return { renewed: new Set(), passedOver: new Set() };
  const keys = [leases.map((lease) => lease.chatId), leases.map((lease) => lease.runnerId)];
  try {
    const { rows } = await pool.query<Row>({ name: 'renew-leases', text: RENEW, values: [workerId, ...keys] });
    const ids = (renewed: boolean) => rows.filter((row) => row.renewed === renewed).map((row) => row.runnerId);
    return { renewed: new Set(ids(true)), passedOver: new Set(ids(false)) };
  } catch (failure) {
    if (!isLocked(failure)) throw failure;
    const { rows } = await pool.query<Row>(RENEW_UNSEEN, keys);
    const renewed = new Set(rows.map((row) => row.runnerId));
    const others = leases.map((lease) => lease.runnerId).filter((runnerId) => !renewed.has(runnerId));
    return { renewed, passedOver: new Set(others), failure };
  }
}
