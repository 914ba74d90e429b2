/** The replica's row in `replicas`: made at the start of the process, kept fresh, and marked at its end. */
import type { Pool } from 'pg';

export interface OwnReplicaRow {
  readonly id: string;
  readonly hostname: string;
  /** URL at which other processes reach it. */
  readonly relayAddress: string;
  readonly version: string;
}

/**
 * Makes the row, or keeps it fresh.
 * A deleted row, as after a week without renewal, is there again with the next renewal.
 * One that somebody marked as stopped, or stamped ahead of the clock, is set right.
 * @param latencyMicroseconds duration of the last round trip to the database
 */
export async function keepReplica(pool: Pool, replica: OwnReplicaRow, latencyMicroseconds: number): Promise<void> {
  const { id, hostname, relayAddress, version } = replica;
  await pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version, database_latency) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO UPDATE SET updated_at = now(), stopped_at = NULL, database_latency = excluded.database_latency`,
    [id, hostname, relayAddress, version, Math.min(latencyMicroseconds, 2 ** 31 - 1)],
  );
}

export async function markReplicaStopped(pool: Pool, id: string): Promise<void> {
  await pool.query('UPDATE replicas SET stopped_at = now(), updated_at = now() WHERE id = $1', [id]);
}

/** True if an operator has told the replica to drain. */
export async function isToldToDrain(pool: Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT FROM chat_debug_drains WHERE replica_id = $1', [id]);
  return (rowCount ?? 0) > 0;
}
