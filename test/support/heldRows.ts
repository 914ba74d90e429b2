/** A transaction that holds rows of chats. */
import type { Pool } from 'pg';

/** Until `work` is done nobody else can write to these chats; whoever tries waits. */
export async function whileHeld<T>(pool: Pool, chats: readonly string[], work: () => Promise<T>): Promise<T> {
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM chats WHERE id = ANY ($1::uuid[]) FOR UPDATE', [chats]);
    return await work();
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
}
