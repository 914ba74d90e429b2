/** When rows have come to where they are to be. */
import type { Pool } from 'pg';
import { systemClock } from '../../../common/clock.ts';

const LOOK_EVERY_MS = 100;
const LIMIT_MS = 120_000;

/**
 * Waits until the condition holds for every one of the chats.
 * @param condition in SQL, of a row of `chats`; one that is NULL, like a comparison with an owner that is not there, does not hold
 * @throws if it does not hold in time
 */
export async function settled(
  pool: Pool,
  chats: readonly { readonly id: string }[],
  condition: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  const beganMs = systemClock.monotonicMs();
  const query = `SELECT id FROM chats WHERE id = ANY ($1::uuid[]) AND (${condition}) IS NOT TRUE`;
  for (;;) {
    const { rows } = await pool.query(query, [chats.map(({ id }) => id)]);
    if (rows.length === 0) return;
    if (systemClock.monotonicMs() - beganMs > limitMs) {
      throw new Error(`${rows.length} of ${chats.length} chats did not come to: ${condition}`);
    }
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}
