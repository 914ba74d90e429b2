/** The replica's row in `replicas`: made when the process starts, kept fresh, and marked when it stops. */
import type { Pool } from 'pg';

export interface ReplicaRow {
  readonly id: string;
  readonly hostname: string;
  /** The URL at which other processes reach it. */
  readonly relayAddress: string;
  readonly version: string;
}

export async function registerReplica(pool: Pool, replica: ReplicaRow): Promise<void> {
  await pool.query(`INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, $2, $3, $4)`, [
    replica.id,
    replica.hostname,
    replica.relayAddress,
    replica.version,
  ]);
}

/** @param latencyMicroseconds of the last round trip to the database */
export async function refreshReplica(pool: Pool, id: string, latencyMicroseconds: number): Promise<void> {
  await pool.query('UPDATE replicas SET updated_at = now(), database_latency = $2 WHERE id = $1', [
    id,
    Math.min(latencyMicroseconds, 2 ** 31 - 1),
  ]);
}

export async function markReplicaStopped(pool: Pool, id: string): Promise<void> {
  await pool.query('UPDATE replicas SET stopped_at = now(), updated_at = now() WHERE id = $1', [id]);
}
