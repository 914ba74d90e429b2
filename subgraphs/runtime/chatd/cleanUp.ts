/** Rows that nobody needs any more: leases that no runnable chat names, and replicas that are long gone. */
import type { Pool } from 'pg';
import { IS_RUNNABLE } from './chatState.ts';

const REPLICAS_KEPT_DAYS = 7;
const AT_ONCE = 1_000;
/** What is left after so many is left to the next run. */
const BATCHES = 50;

/**
 * A lease that is not its chat's current one is of use as long as it shows a hand-over: ten times the stale time. One of a
 * chat at rest is read by nobody. Far ahead of the clock is as wrong as far behind. Locked ones are left to the next run.
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

/** One that a chat still names as its owner stays: it tells who that was. */
const REPLICAS = `
  DELETE FROM replicas
  WHERE updated_at NOT BETWEEN now() - $1 * interval '1 day' AND now() + $1 * interval '1 day'
    AND NOT EXISTS (SELECT FROM chats WHERE chats.worker_id = replicas.id)`;

/** @returns how many rows went */
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
