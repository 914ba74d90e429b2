/** A transaction whose end is known, or known not to be known. */
import type { Pool, PoolClient } from 'pg';

/** Error of a commit whose answer was lost: its effect is there whole, or not at all. */
export class Uncertain extends Error {
  override name = 'Uncertain';
}

/** SQLSTATEs of a server that is going away: it may have committed before. */
const GOING = /^(08|57P)/;

/**
 * Commits when `work` resolves. Any error but Uncertain means that nothing was changed.
 * @throws the error of `work`, or of a refused commit
 */
export async function committed<T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  const tx = await pool.connect();
  let result: T;
  try {
    await tx.query('BEGIN');
    result = await work(tx);
  } catch (error) {
    const failed = await tx.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    tx.release(failed);
    throw error;
  }
  try {
    const { command } = await tx.query('COMMIT');
    if (command !== 'COMMIT') throw new Error(`The commit was answered with ${command}`);
    tx.release();
    return result;
  } catch (cause) {
    tx.release(true);
    throw isRefusal(cause) ? cause : new Uncertain('The answer to a commit was lost', { cause });
  }
}

/** True if the server said that it did not commit. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return /^[0-9A-Z]{5}$/.test(String(error.code)) && 'severity' in error && !GOING.test(String(error.code));
}
