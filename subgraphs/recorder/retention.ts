/** The end of old incidents. */
import type { Pool } from 'pg';
import { FENCE, type Term } from './lease.ts';

const AT_ONCE = 1_000;
/** Batches of one run; the rest is left to the next run. */
const BATCHES = 50;

const DELETE = `
  WITH ${FENCE}, old AS (
    SELECT id FROM chat_debug_recorder.incidents, fence
    WHERE closed_at < clock_timestamp() - $3 * interval '1 day' ORDER BY closed_at LIMIT ${AT_ONCE})
  DELETE FROM chat_debug_recorder.incidents USING old WHERE incidents.id = old.id`;

/** Deletes incidents that were closed so many days ago, with their bundles. After the term nothing is deleted. */
export async function deleteOld(pool: Pool, { holder, number }: Term, retentionDays: number): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const { rowCount } = await pool.query(DELETE, [holder, number, retentionDays]);
    if ((rowCount ?? 0) < AT_ONCE) return;
  }
}
