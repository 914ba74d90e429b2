/** The tables of incidents, beside those of chats and without them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { assertOwnSchema, inspectSchema } from '../../prisma/migrations.ts';
import { applyRecorderMigrations } from '../../prisma/recorderMigrations.ts';
import { createDatabase } from '../support/database.ts';

type Database = Awaited<ReturnType<typeof createDatabase>>;
const made: Database[] = [];
async function database(template?: string): Promise<Database> {
  const one = await createDatabase(template);
  made.push(one);
  return one;
}
afterAll(async () => {
  for (const one of made) await one.drop();
});

async function withClient<T>({ pool }: Database, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await use(client);
  } finally {
    client.release();
  }
}

const tablesOf = async ({ pool }: Database) => {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
};

const ALL = ['20261210000000_incidents', '20261211000000_bundles_owed', '20261212000000_deliveries'];

describe('the tables of incidents', () => {
  test('are made once beside the chats, whose own migrations stay current', async () => {
    const own = await database();
    expect(await withClient(own, applyRecorderMigrations)).toEqual(ALL);
    expect(await withClient(own, applyRecorderMigrations)).toEqual([]);
    expect(await withClient(own, inspectSchema)).toEqual({ kind: 'current' });
    await withClient(own, assertOwnSchema);
  });

  test('are made in a database without chats, also by two processes at once', async () => {
    const empty = await database('template0');
    const applied = await Promise.all([0, 1].map(() => withClient(empty, applyRecorderMigrations)));
    expect(applied.flat()).toEqual(ALL);
    expect(await tablesOf(empty)).toEqual([
      ...['chat_debug_recorder.deliveries', 'chat_debug_recorder.incident_bundles', 'chat_debug_recorder.incidents'],
      ...['chat_debug_recorder.migrations', 'chat_debug_recorder.recorder_lease'],
    ]);
    expect(await withClient(empty, inspectSchema)).toEqual({ kind: 'empty' });
  });

  test("are never made in a database with somebody else's chats", async () => {
    const foreign = await database('template0');
    await foreign.pool.query('CREATE TABLE chats (id uuid)');
    await expect(withClient(foreign, applyRecorderMigrations)).rejects.toThrow(
      'found the tables chats, and no record of a migration. No table of incidents was made.',
    );
    expect(await tablesOf(foreign)).toEqual(['public.chats']);
  });

  test('are left alone if they were changed since', async () => {
    const changed = await database('template0');
    await withClient(changed, applyRecorderMigrations);
    await changed.pool.query(`UPDATE chat_debug_recorder.migrations SET checksum = 'another'`);
    await expect(withClient(changed, applyRecorderMigrations)).rejects.toThrow(
      '20261210000000_incidents (changed since)',
    );
  });
});

describe('the rows', () => {
  let own: Database;
  beforeAll(async () => {
    own = await database('template0');
    await withClient(own, applyRecorderMigrations);
  });

  const insert = (chat: string, closed = false) =>
    own.pool.query(
      `INSERT INTO chat_debug_recorder.incidents
         (chat_id, code, severity, verdict, summary, codes, worker_ids, closed_at, close_reason)
       VALUES ($1, 'NO_OWNER', 'CRITICAL', 'STUCK', '', '{}', '{}', $2, $3)`,
      [chat, closed ? new Date(0) : null, closed ? 'WELL' : null],
    );

  test('hold one open incident a chat, and any number of closed ones', async () => {
    const chat = 'aaaaaaaa-0000-4000-8000-000000000001';
    await insert(chat, true);
    await insert(chat, true);
    await insert(chat);
    await expect(insert(chat)).rejects.toThrow('incidents_open_idx');
  });

  test('hold one lease and no second', async () => {
    const { rows } = await own.pool.query('SELECT term, holder FROM chat_debug_recorder.recorder_lease');
    expect(rows).toEqual([{ term: '0', holder: null }]);
    await expect(own.pool.query('INSERT INTO chat_debug_recorder.recorder_lease DEFAULT VALUES')).rejects.toThrow();
    await expect(
      own.pool.query('INSERT INTO chat_debug_recorder.recorder_lease (is_only) VALUES (false)'),
    ).rejects.toThrow();
  });
});
