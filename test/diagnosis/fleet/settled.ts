/** Waiting for things to settle, for runs inside and outside of jest. */
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
 * Waits until the condition holds for each of the chats.
 * @param condition SQL over a row of `chats`; a NULL, as of a comparison with a missing owner, does not hold
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
