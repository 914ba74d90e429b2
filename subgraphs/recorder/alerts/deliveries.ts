/**
 * Deliveries that are still to be made: rows that were written with the change of their incident. So neither a crash nor
 * a takeover loses one, or gives it another id.
 */
import type { Pool } from 'pg';
import type { Alerted, AlertStatus } from '../../../domain/incidents/alert.ts';
import { FENCE, LeaseLost, type Term } from '../lease.ts';

/** Deliveries that are made at once. */
const AT_ONCE = 10;
/** Seconds before the second try. Each later wait is twice as long, up to the longest. */
const FIRST_WAIT_SECONDS = 5;
const LONGEST_WAIT_SECONDS = 300;
const GIVEN_UP_AFTER_HOURS = 24;

export interface Delivery {
  readonly id: string;
  readonly status: AlertStatus;
  readonly incident: Alerted;
  readonly tries: number;
  /** True if a failure is the last one. */
  readonly isLastTry: boolean;
}

/**
 * Deliveries of one incident are made one after another, in their order. One whose time is further ahead than any wait was
 * put off before the clock was set back, or by a server whose clock was ahead.
 */
const DUE = `
  SELECT id, status, incident, tries,
    made_at < clock_timestamp() - interval '${GIVEN_UP_AFTER_HOURS} hours' AS "isLastTry"
  FROM chat_debug_recorder.deliveries
  WHERE next_try_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '${LONGEST_WAIT_SECONDS} seconds'
    AND NOT EXISTS (
    SELECT FROM chat_debug_recorder.deliveries AS earlier
    WHERE earlier.incident_id = deliveries.incident_id AND earlier.number < deliveries.number)
  ORDER BY next_try_at, number LIMIT ${AT_ONCE}`;

const DONE = `
  WITH ${FENCE} DELETE FROM chat_debug_recorder.deliveries USING fence WHERE id = $3::uuid`;

const LATER = `
  WITH ${FENCE} UPDATE chat_debug_recorder.deliveries SET tries = tries + 1, next_try_at = clock_timestamp()
    + interval '1 second' * least(${LONGEST_WAIT_SECONDS}, ${FIRST_WAIT_SECONDS} * 2 ^ least(tries, 10))
  FROM fence WHERE id = $3::uuid`;

export async function dueDeliveries(pool: Pool): Promise<Delivery[]> {
  return (await pool.query<Delivery>(DUE)).rows;
}

/** Forgets a delivery that was taken or given up. @throws LeaseLost after the term: another recorder repeats it */
export const forgetDelivery = (pool: Pool, term: Term, id: string): Promise<void> => write(pool, DONE, term, id);

/** Leaves a delivery for a later try. @throws LeaseLost after the term */
export const postponeDelivery = (pool: Pool, term: Term, id: string): Promise<void> => write(pool, LATER, term, id);

async function write(pool: Pool, sql: string, { holder, number }: Term, id: string): Promise<void> {
  const { rowCount } = await pool.query(sql, [holder, number, id]);
  if (rowCount !== 1) throw new LeaseLost('The term is over, or the incident is gone');
}
