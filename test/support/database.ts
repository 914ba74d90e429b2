/** A real database for one test file, made from the migrated template and dropped at the end. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

/** Call at the top of a test file; the result is filled in before the first test. @param template unset: the migrated one */
export function databasePerFile(template?: string): TestDatabase {
  const holder: { current?: TestDatabase & { drop(): Promise<void> } } = {};
  beforeAll(async () => {
    holder.current = await createDatabase(template);
  });
  afterAll(() => holder.current?.drop());
  const current = () => {
    if (!holder.current) throw new Error('The database is there once the tests run, not while the file is read');
    return holder.current;
  };
  return {
    get url() {
      return current().url;
    },
    get pool() {
      return current().pool;
    },
  };
}

/**
 * Makes one more database for a test. The caller drops it.
 * @param server its URL; unset: the server of the whole run
 */
export async function createDatabase(
  template = 'template_chats',
  server = process.env.TEST_DATABASE_URL,
): Promise<TestDatabase & { drop(): Promise<void> }> {
  if (!server) throw new Error('globalSetup has not run');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = server.replace(/postgres$/, name);
  const pool = new pg.Pool({ connectionString: url });
  return {
    url,
    pool,
    drop: async () => {
      pool.on('error', () => {}); // `end` resolves before the connections are closed, and FORCE may strike them until then
      await pool.end();
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
