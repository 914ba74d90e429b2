/** Waits for a condition in the database: for the event, not for time. */
import type pg from 'pg';
import { whileHolding } from '../../../support/locks.ts';
import { until } from '../../../support/until.ts';

/** Resolves once the query's first column is true. @param what the state that is waited for, as a clause */
export const untilTrue = (pool: pg.Pool, what: string, sql: string): Promise<unknown> =>
  until(what, async () => {
    const { rows } = await pool.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0] === true;
  });

/** Resolves once no session of the subgraph has a transaction open. */
export const noTransactionLeft = (pool: pg.Pool) =>
  untilTrue(
    pool,
    'no transaction of the subgraph is open',
    `SELECT count(*) = 0 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'chat-debug-database' AND xact_start IS NOT NULL`,
  );

/** Resolves once a session of the subgraph waits for a lock. */
export const waitingForLock = (pool: pg.Pool) =>
  untilTrue(
    pool,
    'a session of the subgraph waits for a lock',
    `SELECT count(*) > 0 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'chat-debug-database' AND wait_event_type = 'Lock'`,
  );

/** Holds the table so that nobody can read it until `work` is done. */
export const whileLocked = <T>(pool: pg.Pool, table: string, work: () => Promise<T>): Promise<T> =>
  whileHolding(pool, `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`, [], work);
