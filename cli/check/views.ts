/** Questions on views over tables of another platform. Each may fail, and spares the others. */
import pg from 'pg';
import type { FoundTables } from '../../subgraphs/database/tables/found.ts';
import { type Answer, lookAtView, VIEWS_LOOKED_AT } from './viewRows.ts';

const LOCK_MS = 500;

/** Statement for views made with `security_invoker`; `$1` are the names. */
const OF_INVOKER = `
  SELECT c.relname AS name FROM unnest($1::text[]) AS view (name) JOIN pg_class AS c ON c.oid = to_regclass(view.name)
  WHERE c.relkind = 'v' AND EXISTS (SELECT FROM unnest(c.reloptions) AS option WHERE option ~* '^security_invoker=(t|on|1|y)')`;

/** Names of the views that show what the role that asks may see. */
export const viewsOfInvoker = async (client: pg.Client): Promise<string[]> =>
  (await client.query<{ name: string }>(OF_INVOKER, [VIEWS_LOOKED_AT])).rows.map(({ name }) => name);

/** Sentences on views that fail, or that show what nobody can use. */
export async function wrongInViews(client: pg.Client, tables: FoundTables, timeoutMs: number): Promise<string[]> {
  const sentences: string[] = [];
  for (const view of VIEWS_LOOKED_AT) {
    sentences.push(...(await lookAtView(view, tables, timeoutMs, (sql) => answerOf(client, sql))));
  }
  return sentences;
}

/** Answer to a statement; the SQLSTATE if it is refused, and the transaction goes on. */
async function answerOf(client: pg.Client, sql: string): Promise<Answer> {
  await client.query('SAVEPOINT before_view');
  try {
    await client.query(`SELECT set_config('lock_timeout', $1, true), set_config('TimeZone', 'UTC', true)`, [
      String(LOCK_MS),
    ]);
    return await client.query(sql);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) return { state: error.code };
    throw error;
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT before_view').catch(() => {}); // the connection may be gone: its question says so
  }
}
