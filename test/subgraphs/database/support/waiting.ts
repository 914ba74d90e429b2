/** Waits for a condition in the database: for the event, not for time. */
import type pg from 'pg';
import { systemClock } from '../../../../common/clock.ts';
import { whileHolding } from '../../../support/locks.ts';

/** Resolves once the query's first column is true. The test's own time limit ends a wait in vain. */
export async function until(pool: pg.Pool, sql: string, parameters: unknown[] = []): Promise<void> {
  for (;;) {
    const { rows } = await pool.query({ text: sql, values: parameters, rowMode: 'array' });
    if (rows[0]?.[0] === true) return;
    await systemClock.sleep(10);
  }
}

/** Resolves once no session of the subgraph has a transaction open. */
export const noTransactionLeft = (pool: pg.Pool) =>
  until(
    pool,
    `SELECT count(*) = 0 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'chat-debug-database' AND xact_start IS NOT NULL`,
  );

/** Resolves once a session of the subgraph waits for a lock. */
export const waitingForLock = (pool: pg.Pool) =>
  until(
    pool,
    `SELECT count(*) > 0 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'chat-debug-database' AND wait_event_type = 'Lock'`,
  );

/** Holds the table so that nobody can read it until `work` is done. */
export const whileLocked = <T>(pool: pg.Pool, table: string, work: () => Promise<T>): Promise<T> =>
  whileHolding(pool, `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`, [], work);
