/** A changed Coder deployment, and the database subgraph beside it with the grants of the page on it. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DatabaseSubgraphOptions } from '../../../../subgraphs/database/server.ts';
import { createDatabase } from '../../../support/database.ts';
import { insertChat, insertReplicas } from '../../../upstream/support/rows.ts';
import { createReader, createTables, dropReader } from '../../../upstream/tables.ts';
import { type Ask, asking, start } from './subgraph.ts';

interface Drifted {
  readonly ask: Ask;
  /** Connections of a role that may change the tables. */
  readonly pool: pg.Pool;
  readonly role: string;
  /** Status and text of readiness. */
  ready(): Promise<[number, string]>;
  readonly ids: { readonly owned: string; readonly forgotten: string; readonly rest: string };
}

/**
 * @param change SQL by the owner of the tables, before anybody asks
 * @param options of the subgraph
 */
export async function drifted<T>(
  change: (role: string) => string,
  work: (drifted: Drifted) => Promise<T>,
  options: Partial<DatabaseSubgraphOptions> = {},
): Promise<T> {
  const database = await createDatabase('template0');
  const { pool } = database;
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  await createTables(pool);
  await insertReplicas(pool);
  const ids = {
    owned: await insertChat(pool, { worker: 'first', lease: 3, age: 60 }),
    forgotten: await insertChat(pool, { age: 600 }),
    rest: await insertChat(pool, { status: 'waiting', age: 60 }),
  };
  const databaseUrl = await createReader(database, role);
  const sql = change(role);
  if (sql) await pool.query(sql);
  const unset = { staleAfterSeconds: undefined, noProgressSeconds: undefined };
  const server = await start({ databaseUrl, ...unset, ...options } as Parameters<typeof start>[0]);
  const ready = async (): Promise<[number, string]> => {
    const response = await fetch(`${server.url}/readyz`);
    return [response.status, await response.text()];
  };
  try {
    return await work({ ask: asking(() => server.url), pool, role, ready, ids });
  } finally {
    await server.stop();
    await dropReader(pool, role);
    await database.drop();
  }
}

export const SUSPECTS = '{ chats(filter: { suspect: true }, first: 100) { edges { node { chatId } } } }';

/** The ids of the list of suspects, and the messages of its errors. */
export async function suspects(ask: Ask): Promise<{ ids: string[] | undefined; errors: string[] }> {
  const { data, errors } = await ask(SUSPECTS);
  const page = data?.chats as { edges: { node: { chatId: string } }[] } | null | undefined;
  return { ids: page?.edges.map(({ node }) => node.chatId), errors: errors.map(({ message }) => message) };
}
