/** One transaction on a connection of its own: all of the work, or nothing. */
import type { Pool, PoolClient } from 'pg';
import { isOfConnection, isUnanswered } from './databaseFailure.ts';

/**
 * Commits when `work` resolves. A connection that cannot even roll back, or is itself the trouble, is not used again.
 * @throws the error of `work`
 */
export async function inTransaction<T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    const result = await work(tx);
    await tx.query('COMMIT');
    tx.release();
    return result;
  } catch (error) {
    const isBroken = isUnanswered(error) || !(await rollsBack(tx));
    tx.release(error instanceof Error && isOfConnection(error) ? error : isBroken);
    throw error;
  }
}

const rollsBack = (tx: PoolClient): Promise<boolean> =>
  tx.query('ROLLBACK').then(
    () => true,
    () => false,
  );
