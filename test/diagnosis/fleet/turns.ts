/** Number of turns that run in a database, which bounds the load on a machine. */
import type { Pool } from 'pg';
import { systemClock } from '../../../common/clock.ts';

const LOOK_EVERY_MS = 50;

/** @returns a function that resolves once no more than `most` turns run; however many wait for that, one look is for all */
export function untilFewTurns(pool: Pool, most: number): () => Promise<void> {
  const look = async () => {
    const { rows } = await pool.query<{ turns: number }>(
      `SELECT count(*)::int AS turns FROM chats WHERE status IN ('running', 'interrupting')`,
    );
    return rows[0]?.turns ?? 0;
  };
  let last: Promise<number> | undefined;
  let lookedMs = 0;
  const turns = () => {
    const nowMs = systemClock.monotonicMs();
    if (last && nowMs - lookedMs < LOOK_EVERY_MS) return last;
    lookedMs = nowMs;
    last = look();
    return last;
  };
  return async () => {
    while ((await turns()) > most) await systemClock.sleep(LOOK_EVERY_MS);
  };
}
