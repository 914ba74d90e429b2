/** Filling large tables: their indexes are made afterwards, at once. */
import type { Pool } from 'pg';

/** Drops the indexes of the table, except those of its keys, and makes them again after `work`. */
export async function indexedAfter<T>(pool: Pool, table: string, work: () => Promise<T>): Promise<T> {
  const { rows } = await pool.query<{ name: string; sql: string }>(
    `SELECT indexname AS name, indexdef AS sql FROM pg_indexes
     WHERE tablename = $1 AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
    [table],
  );
  await pool.query(`DROP INDEX ${rows.map(({ name }) => name).join(', ')}`);
  const result = await work();
  for (const { sql } of rows) await pool.query(sql);
  await pool.query(`VACUUM ANALYZE ${table}`);
  return result;
}
