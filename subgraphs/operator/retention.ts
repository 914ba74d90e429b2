/** The end of old records of actions and of old plans. */
import type { Pool } from 'pg';

/** Records that the function of the database drops at most. */
const RECORDS_AT_ONCE = 1_000;
/** Plans of one statement, with up to 1,000 items each. */
const PLANS_AT_ONCE = 10;
/** Batches of one run; the rest is left to the next run. A plan at the highest rate makes 72 batches of records an hour. */
const BATCHES = 100;

const DROP_RECORDS = 'SELECT chat_debug_drop_actions($1) AS dropped';

const DROP_PLANS = `
  DELETE FROM chat_debug_plans WHERE id IN (
    SELECT id FROM chat_debug_plans WHERE at < clock_timestamp() - $1::float8 * interval '1 day'
    ORDER BY at LIMIT ${PLANS_AT_ONCE})`;

/**
 * Drops records and plans that are so many days old, plans whether they ran or not. Trouble with the one kind keeps none of
 * the other.
 */
export async function dropOld(pool: Pool, days: number): Promise<void> {
  try {
    await inBatches(RECORDS_AT_ONCE, async () => {
      const { rows } = await pool.query<{ dropped: number }>(DROP_RECORDS, [days]);
      return rows[0]?.dropped;
    });
  } finally {
    await inBatches(PLANS_AT_ONCE, async () => (await pool.query(DROP_PLANS, [days])).rowCount);
  }
}

/** Drops until a batch is not full. @param drop returns how many it dropped */
async function inBatches(atOnce: number, drop: () => Promise<number | null | undefined>): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    if (((await drop()) ?? 0) < atOnce) return;
  }
}
