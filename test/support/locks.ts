/** Transactions that hold locks. */
import type { Pool } from 'pg';

/** Locks what the statement locks until `work` is done. Others wait for it. */
export async function whileHolding<T>(
  pool: Pool,
  statement: string,
  values: readonly unknown[],
  work: () => Promise<T>,
): Promise<T> {
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query(statement, [...values]);
    return await work();
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
}

/** Nobody else can write to these chats. */
export const whileHeld = <T>(pool: Pool, chats: readonly string[], work: () => Promise<T>): Promise<T> =>
  whileHolding(pool, 'SELECT FROM chats WHERE id = ANY ($1::uuid[]) FOR UPDATE', [chats], work);
