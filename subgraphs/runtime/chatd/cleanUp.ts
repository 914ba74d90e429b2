/** The clean-up of rows that nobody needs: leases that no runnable chat names, replicas long gone, and old events. */
import type { Pool } from 'pg';
import { IS_RUNNABLE } from './chatState.ts';
import { isOfAll } from './databaseFailure.ts';

const REPLICAS_KEPT_DAYS = 7;
const AT_ONCE = 1_000;
/** Batches of one run; the rest is left to the next run. */
const BATCHES = 50;
/** Where so many of a kind were refused one by one, the rest of them is not tried. */
const MOST_REFUSED = 100;

interface Kind {
  readonly table: string;
  /** Condition on rows `old` that may go; `$1` is `limit`. */
  readonly isOld: string;
  readonly inOrder: string;
  readonly limit: number;
}

/**
 * Statement for leases, except the current one of a runnable chat: a chat at rest needs none.
 * An old lease shows a hand-over, and is kept for ten times the stale time. So is one as far ahead of the clock.
 * Locked leases are left to the next run.
 */
const leases = (isOld: string, staleAfterSeconds: number): Kind => ({
  table: 'chat_heartbeats',
  isOld: `old.heartbeat_at ${isOld} * interval '10 seconds' AND NOT EXISTS (
    SELECT FROM chats WHERE chats.id = old.chat_id AND chats.runner_id = old.runner_id AND ${IS_RUNNABLE})`,
  inOrder: 'ORDER BY old.heartbeat_at',
  limit: staleAfterSeconds,
});

/** Kind for replicas. One that a chat still names as its owner stays, to tell who that was. */
const REPLICAS: Kind = {
  table: 'replicas',
  isOld: `old.updated_at NOT BETWEEN now() - $1 * interval '1 day' AND now() + $1 * interval '1 day'
    AND NOT EXISTS (SELECT FROM chats WHERE chats.worker_id = old.id)`,
  inOrder: 'ORDER BY old.updated_at',
  limit: REPLICAS_KEPT_DAYS,
};

/** Kind for events. Those without a newer one go as well: a chat at rest does not keep its history for ever. */
const events = (retentionDays: number): Kind => ({
  table: 'chat_events',
  isOld: `old.at < now() - $1 * interval '1 day'`,
  inOrder: 'ORDER BY old.at',
  limit: retentionDays,
});

interface Ages {
  readonly staleAfterSeconds: number;
  readonly historyRetentionDays: number;
}

/**
 * Deletes the rows. One that the database does not let go costs only itself.
 * @returns the number of rows deleted
 * @throws the first refusal, once all else is done
 */
export async function cleanUp(pool: Pool, { staleAfterSeconds, historyRetentionDays }: Ages): Promise<number> {
  const kinds = [
    ...[leases('< now() - $1', staleAfterSeconds), leases('> now() + $1', staleAfterSeconds), REPLICAS],
    events(historyRetentionDays),
  ];
  const refusals: unknown[] = [];
  let gone = 0;
  for (const kind of kinds) gone += await remove(pool, kind, refusals);
  if (refusals.length > 0) throw refusals[0];
  return gone;
}

async function remove(pool: Pool, kind: Kind, refusals: unknown[]): Promise<number> {
  const { table, isOld, inOrder, limit } = kind;
  const found = `SELECT old.ctid FROM ${table} old WHERE old.ctid <> ALL ($2::tid[]) AND ${isOld} ${inOrder} LIMIT ${AT_ONCE}`;
  const refused: string[] = [];
  let gone = 0;
  for (let batch = 0; batch < BATCHES && refused.length < MOST_REFUSED; batch += 1) {
    try {
      const { rowCount } = await pool.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${found} FOR UPDATE SKIP LOCKED))`,
        [limit, refused],
      );
      gone += rowCount ?? 0;
      if ((rowCount ?? 0) < AT_ONCE) break;
    } catch (error) {
      if (isOfAll(error)) throw error;
      const { rows } = await pool.query<{ ctid: string }>(found, [limit, refused]);
      gone += await removeEach(pool, kind, rows, { refused, refusals });
    }
  }
  return gone;
}

async function removeEach(
  pool: Pool,
  { table, isOld, limit }: Kind,
  rows: readonly { ctid: string }[],
  { refused, refusals }: { refused: string[]; refusals: unknown[] },
): Promise<number> {
  let gone = 0;
  for (const { ctid } of rows) {
    if (refused.length === MOST_REFUSED) break;
    try {
      const one = `SELECT old.ctid FROM ${table} old WHERE old.ctid = $2::tid AND ${isOld} FOR UPDATE SKIP LOCKED`;
      const { rowCount } = await pool.query(`DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${one}))`, [limit, ctid]);
      gone += rowCount ?? 0;
    } catch (error) {
      if (isOfAll(error)) throw error;
      refused.push(ctid);
      refusals.push(error);
    }
  }
  return gone;
}
