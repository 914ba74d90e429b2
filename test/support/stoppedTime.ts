/** A database whose time stands still, so that the same question has the same answer later. */
import type pg from 'pg';

/** Puts a function of the name `now` where every session that connects from here on finds it first. */
export async function stopTime(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ now: string; name: string }>(
    'SELECT now()::text AS now, current_database() AS name',
  );
  const [row] = rows;
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  await pool.query(`
    CREATE SCHEMA stopped;
    CREATE FUNCTION stopped.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT '${row.now}'::timestamptz $$;
    ALTER DATABASE ${row.name} SET search_path = stopped, public, pg_catalog`);
}

/** Shows each session only itself, once time stands still: the number of sessions goes on. */
export async function hideOtherSessions(pool: pg.Pool): Promise<void> {
  await pool.query(`
    CREATE VIEW stopped.pg_stat_activity AS SELECT * FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()`);
}
