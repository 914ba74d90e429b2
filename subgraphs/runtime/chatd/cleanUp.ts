/** The clean-up of rows that nobody needs: leases that no runnable chat names, and replicas that are long gone. */
import type { Pool } from 'pg';
import { IS_RUNNABLE } from './chatState.ts';

const REPLICAS_KEPT_DAYS = 7;
const AT_ONCE = 1_000;
/** Batches of one run; the rest is left to the next run. */
const BATCHES = 50;

/**
 * Statement for leases, except the current one of a runnable chat: a chat at rest needs none.
 * An old lease shows a hand-over, and is kept for ten times the stale time. So is one as far ahead of the clock.
 * Locked leases are left to the next run.
 */
const heartbeats = (isOld: string) => `
  DELETE FROM chat_heartbeats beat USING (
    SELECT old.chat_id, old.runner_id FROM chat_heartbeats old
    WHERE old.heartbeat_at ${isOld} * interval '10 seconds'
      AND NOT EXISTS (
        SELECT FROM chats WHERE chats.id = old.chat_id AND chats.runner_id = old.runner_id AND ${IS_RUNNABLE})
    ORDER BY old.heartbeat_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED) old
  WHERE beat.chat_id = old.chat_id AND beat.runner_id = old.runner_id`;

const LEASES = [heartbeats('< now() - $1'), heartbeats('> now() + $1')];

/** Statement for replicas. One that a chat still names as its owner stays, to tell who that was. */
const REPLICAS = `
  DELETE FROM replicas
  WHERE updated_at NOT BETWEEN now() - $1 * interval '1 day' AND now() + $1 * interval '1 day'
    AND NOT EXISTS (SELECT FROM chats WHERE chats.worker_id = replicas.id)`;

/** @returns the number of rows deleted */
export async function cleanUp(pool: Pool, staleAfterSeconds: number): Promise<number> {
  let gone = 0;
  for (const statement of LEASES) {
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const { rowCount } = await pool.query(statement, [staleAfterSeconds]);
      gone += rowCount ?? 0;
      if ((rowCount ?? 0) < AT_ONCE) break;
    }
  }
  const replicas = await pool.query(REPLICAS, [REPLICAS_KEPT_DAYS]);
  return gone + (replicas.rowCount ?? 0);
}
