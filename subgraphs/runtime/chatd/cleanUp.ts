/** Rows that nobody needs any more: leases that no chat names, and replicas that are long gone. */
import type { Pool } from 'pg';

const REPLICAS_KEPT_DAYS = 7;

/** A lease that is not its chat's current one is of use as long as it shows a hand-over: ten times the stale time. */
const HEARTBEATS = `
  DELETE FROM chat_heartbeats beat USING (
    SELECT chat_id, runner_id FROM chat_heartbeats WHERE heartbeat_at < now() - $1 * interval '10 seconds'
    ORDER BY heartbeat_at LIMIT 1000) old
  WHERE beat.chat_id = old.chat_id AND beat.runner_id = old.runner_id
    AND NOT EXISTS (SELECT FROM chats WHERE chats.id = old.chat_id AND chats.runner_id = old.runner_id)`;

/** One that a chat still names as its owner stays: it tells who that was. */
const REPLICAS = `
  DELETE FROM replicas WHERE updated_at < now() - $1 * interval '1 day'
    AND NOT EXISTS (SELECT FROM chats WHERE chats.worker_id = replicas.id)`;

/** @returns how many rows went */
export async function cleanUp(pool: Pool, staleAfterSeconds: number): Promise<number> {
  const heartbeats = await pool.query(HEARTBEATS, [staleAfterSeconds]);
  const replicas = await pool.query(REPLICAS, [REPLICAS_KEPT_DAYS]);
  return (heartbeats.rowCount ?? 0) + (replicas.rowCount ?? 0);
}
