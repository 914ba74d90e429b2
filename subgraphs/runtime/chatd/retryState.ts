/** A retry by the row: a worker that takes the chat over waits for the rest of the pause. */
import type { Pool } from 'pg';
import { LONGEST_RETRY_SECONDS } from '../../../domain/thresholds.ts';

/**
 * Milliseconds until the retry in the row, by the database's clock; 0: none, or its time has come.
 * It is at most the worker's longest wait, whatever was written there by hand.
 */
export async function retryDueInMs(pool: Pool, chatId: string): Promise<number> {
  const { rows } = await pool.query<{ at: string | null; nowMs: number }>(
    `SELECT retry_state ->> 'retrying_at' AS at, (extract(epoch FROM now()) * 1000)::float8 AS "nowMs"
     FROM chats WHERE id = $1`,
    [chatId],
  );
  const [row] = rows;
  const dueMs = Date.parse(row?.at ?? '') - (row?.nowMs ?? 0);
  return Number.isNaN(dueMs) ? 0 : Math.min(Math.max(0, dueMs), LONGEST_RETRY_SECONDS * 1000);
}
