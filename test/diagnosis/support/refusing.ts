/** A database that takes everything of a turn but its end. */
import type { Pool } from 'pg';

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
