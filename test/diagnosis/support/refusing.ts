/** A database that takes everything of a turn but its end. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { TestDatabase } from '../../support/database.ts';

/** Keeps chats from ceasing to run until `work` is done. A write of that end fails, and would fail again. */
export async function whileNoTurnMayEnd<T>(pool: Pool, work: () => Promise<T>): Promise<T> {
  await pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON chats FOR EACH ROW
      WHEN (OLD.status = 'running' AND NEW.status <> 'running') EXECUTE FUNCTION refuse()`);
  try {
    return await work();
  } finally {
    await pool.query('DROP FUNCTION refuse CASCADE');
  }
}

/**
 * Makes a worker's role that may do everything but end a turn, and drops it after `work`.
 * @param work with the URL of the database for that role
 */
export async function withRoleThatEndsNoTurn<T>(
  { pool, url }: TestDatabase,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const role = `worker_${randomUUID().replaceAll('-', '')}`; // roles are the server's, and tests run beside each other
  const { rows } = await pool.query<{ columns: string }>(
    `SELECT string_agg(quote_ident(column_name), ', ') AS columns FROM information_schema.columns
     WHERE table_name = 'chats' AND column_name <> 'status'`,
  );
  await pool.query(`
    CREATE ROLE ${role} LOGIN PASSWORD 'p';
    GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role};
    REVOKE UPDATE ON chats FROM ${role};
    GRANT UPDATE (${rows[0]?.columns}) ON chats TO ${role}`);
  const own = new URL(url);
  own.username = role;
  own.password = 'p';
  try {
    return await work(own.href);
  } finally {
    await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}
