/** The tables of incidents for a test file, in a database of their own or beside the chats. */
import type { Pool } from 'pg';
import { applyRecorderMigrations } from '../../../../prisma/recorderMigrations.ts';

export async function makeIncidentTables(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await applyRecorderMigrations(client);
  } finally {
    client.release();
  }
}

/** Nobody has held the lease, and there are no incidents. */
export async function emptyIncidentTables(pool: Pool): Promise<void> {
  await pool.query('TRUNCATE chat_debug_recorder.incidents CASCADE');
  await endLease(pool);
}

/** Lets the lease run out, whoever has it. */
export const endLease = (pool: Pool) =>
  pool.query(`UPDATE chat_debug_recorder.recorder_lease SET expires_at = clock_timestamp() - interval '1 second'`);

/** Rows of incidents, oldest first, without ids and times. */
export async function incidentRows(pool: Pool) {
  const { rows } = await pool.query(
    `SELECT chat_id, owner_id, close_reason, code, severity, verdict, codes, worker_ids, readings::int, well_readings,
       (SELECT array_agg(why ORDER BY taken_at) FROM chat_debug_recorder.incident_bundles
        WHERE incident_id = incidents.id) AS bundles
     FROM chat_debug_recorder.incidents ORDER BY opened_at`,
  );
  return rows;
}
