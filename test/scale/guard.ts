/**
 * A guard on the rows of other chats: a statement that needs one of them is refused.
 * It is row-level security for a role of its own. Conditions on ids are checked before the guard, as the index does, so
 * a statement that asks for a chat by its id meets no other row.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { CHAT_COLUMN } from './readNotByChat.ts';

/** SQLSTATE of a refusal. */
export const ROW_OF_ANOTHER_CHAT = 'GUARD';

export interface Guard {
  /** The database for a role whose statements are guarded. */
  readonly url: string;
  /** From now on, rows of the chats that there are, other than these, are refused. Chats that come later are not. */
  close(except: readonly string[]): Promise<void>;
  /** Lets all rows through. */
  open(): Promise<void>;
  /** Removes the role. Its connections are closed before. */
  remove(): Promise<void>;
}

/** @param pool connections of the tables' owner, which are not guarded */
export async function makeGuard(pool: pg.Pool, databaseUrl: string): Promise<Guard> {
  const role = `guarded_${randomBytes(6).toString('hex')}`;
  await pool.query(`
    CREATE TABLE other_chats (id uuid PRIMARY KEY);
    CREATE FUNCTION is_not_another(chat uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
    BEGIN
      IF EXISTS (SELECT FROM public.other_chats WHERE id = chat) THEN
        RAISE EXCEPTION 'row of another chat' USING ERRCODE = '${ROW_OF_ANOTHER_CHAT}';
      END IF;
      RETURN true;
    END $$;
    CREATE ROLE ${role} LOGIN PASSWORD 'guarded';
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
  for (const [table, column] of Object.entries(CHAT_COLUMN)) {
    await pool.query(`CREATE POLICY guard ON ${table} TO ${role} USING (is_not_another(${column}))`);
  }
  const each = (action: string) =>
    pool.query(
      Object.keys(CHAT_COLUMN)
        .map((table) => `ALTER TABLE ${table} ${action} ROW LEVEL SECURITY`)
        .join('; '),
    );
  const url = new URL(databaseUrl);
  [url.username, url.password] = [role, 'guarded'];
  return {
    url: url.href,
    close: async (except) => {
      await pool.query('INSERT INTO other_chats SELECT id FROM chats WHERE id <> ALL ($1::uuid[])', [except]);
      await each('ENABLE');
    },
    open: async () => {
      await each('DISABLE');
      await pool.query('TRUNCATE other_chats');
    },
    remove: async () => {
      await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    },
  };
}
