/** When things have come to where they are to be: for runs inside and outside of jest. */
import type { Pool } from 'pg';
import { systemClock } from '../../../common/clock.ts';

const LOOK_EVERY_MS = 100;
const LIMIT_MS = 120_000;

/**
 * Looks again and again.
 * @param look says what is not yet as it should be; undefined: all is
 * @throws with what it last said, if that is not over in time
 */
export async function untilRight(look: () => Promise<string | undefined>, limitMs: number): Promise<void> {
  const beganMs = systemClock.monotonicMs();
  for (;;) {
    const wrong = await look();
    if (wrong === undefined) return;
    if (systemClock.monotonicMs() - beganMs > limitMs) throw new Error(wrong);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

/**
 * Waits until the condition holds for every one of the chats.
 * @param condition in SQL, of a row of `chats`; one that is NULL, like a comparison with an owner that is not there, does not hold
 * @throws if it does not hold in time
 */
export function settled(
  pool: Pool,
  chats: readonly { readonly id: string }[],
  condition: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  const query = `SELECT id FROM chats WHERE id = ANY ($1::uuid[]) AND (${condition}) IS NOT TRUE`;
  return untilRight(async () => {
    const { rows } = await pool.query(query, [chats.map(({ id }) => id)]);
    return rows.length === 0 ? undefined : `${rows.length} of ${chats.length} chats did not come to: ${condition}`;
  }, limitMs);
}
