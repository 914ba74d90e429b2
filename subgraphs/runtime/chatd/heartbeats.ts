/** Renews the leases of all runners of a worker in one statement. */
import type { Pool } from 'pg';

export interface LeaseKey {
  readonly chatId: string;
  readonly runnerId: string;
}

/** Inserts where the row is gone: the table is UNLOGGED, and a crash of Postgres empties it. */
const RENEW = `
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT chats.id, chats.runner_id, now()
  FROM unnest($2::uuid[], $3::uuid[]) AS mine (chat_id, runner_id)
  JOIN chats ON chats.id = mine.chat_id AND chats.runner_id = mine.runner_id AND chats.worker_id = $1
  ORDER BY chats.id
  ON CONFLICT (chat_id, runner_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
  RETURNING runner_id AS "runnerId"`;

/** @returns the runner ids that still hold their chat; whoever is missing has lost it */
export async function renewLeases(pool: Pool, workerId: string, leases: readonly LeaseKey[]): Promise<Set<string>> {
  if (leases.length === 0) return new Set();
  const { rows } = await pool.query<{ runnerId: string }>({
    name: 'renew-leases',
    text: RENEW,
    values: [workerId, leases.map((lease) => lease.chatId), leases.map((lease) => lease.runnerId)],
  });
  return new Set(rows.map((row) => row.runnerId));
}
