/** Cost of some work by the server's own count (pg_stat_statements), and by the time of its processes. */
import type { Pool } from 'pg';
import { processTimeMs } from '../support/processTime.ts';

export interface Cost {
  /** Statements that read or write a table. */
  readonly statements: number;
  /** All of them, with those that hold the transaction. */
  readonly allStatements: number;
  readonly rows: number;
  /** Planning and execution. */
  readonly ms: number;
  readonly planningMs: number;
  readonly buffers: number;
  readonly walBytes: number;
  /**
   * Processor time of the server's processes for this database, to the hundredth of a second; NaN where the system does
   * not say.
   */
  readonly cpuMs: number;
}

/** @param application whose connections to count the time of */
export async function costOf(pool: Pool, application: string, work: () => Promise<unknown>): Promise<Cost> {
  await pool.query('SELECT pg_stat_statements_reset()');
  const before = await cpuMs(pool, application);
  await work();
  const after = await cpuMs(pool, application);
  const { rows } = await pool.query<Omit<Cost, 'cpuMs'>>(
    `SELECT COALESCE(sum(calls) FILTER (WHERE query ~* '(FROM|UPDATE) [("a-z]'), 0)::float8 AS statements,
       COALESCE(sum(calls), 0)::float8 AS "allStatements", COALESCE(sum(rows), 0)::float8 AS rows,
       sum(total_exec_time + total_plan_time)::float8 AS ms, sum(total_plan_time)::float8 AS "planningMs",
       sum(shared_blks_hit + shared_blks_read)::float8 AS buffers,
       sum(wal_bytes)::float8 AS "walBytes"
     FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND query NOT LIKE '%pg_stat%'`,
  );
  const [row] = rows;
  if (!row) throw new TypeError('an aggregate gave no row');
  return { ...row, cpuMs: after - before };
}

async function cpuMs(pool: Pool, application: string): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
    [application],
  );
  return rows.reduce((sum, { pid }) => sum + processTimeMs(pid), 0);
}

/**
 * Number of rows read by walks through a table from end to end since it was made.
 * The number of walks would not do: making an index counts as one, and so does emptying a table with indexes, perhaps
 * much later.
 */
export async function rowsWalked(pool: Pool, tables: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ walked: number }>(
    'SELECT sum(seq_tup_read)::float8 AS walked FROM pg_stat_user_tables WHERE relname = ANY ($1)',
    [tables],
  );
  return rows[0]?.walked ?? Number.NaN;
}
