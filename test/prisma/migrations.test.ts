import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { applyMigrations, assertOwnSchema, inspectSchema } from '../../prisma/migrations.ts';
import { createDatabase, databasePerFile } from '../support/database.ts';

const database = databasePerFile();

describe('migrations', () => {
  test('a migrated database is current, and applying again does nothing', async () => {
    const client = await database.pool.connect();
    try {
      expect(await inspectSchema(client)).toEqual({ kind: 'current' });
      expect(await applyMigrations(client)).toEqual([]);
    } finally {
      client.release();
    }
  });

  test('two processes that migrate an empty database at once apply each migration once', async () => {
    const empty = await createDatabase('template0');
    const clients = await Promise.all([empty.pool.connect(), empty.pool.connect()]);
    try {
      expect(await inspectSchema(clients[0])).toEqual({ kind: 'empty' });
      await expect(assertOwnSchema(clients[0])).rejects.toThrow('npm run migrate');
      const applied = await Promise.all(clients.map((client) => applyMigrations(client)));
      expect(applied.flat()).toEqual([
        '20261122000000_init',
        '20261123000000_fleet_indexes',
        '20261130000000_finish_reason',
        '20261130010000_unanswered',
        '20261130020000_families_and_turns',
        '20261201000000_system_messages',
        '20261205000000_chat_events',
        '20261215000000_actions',
        '20261216000000_plans',
      ]);
      expect(await inspectSchema(clients[0])).toEqual({ kind: 'current' });
    } finally {
      for (const client of clients) client.release();
      await empty.drop();
    }
  });

  test('a worker that does not know the newest columns goes on writing', async () => {
    const { rows } = await database.pool.query(`INSERT INTO chats (owner_id) VALUES (gen_random_uuid()) RETURNING id`);
    const written = await database.pool.query(
      `INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'assistant', '[]') RETURNING finish_reason`,
      [rows[0].id],
    );
    expect(written.rows).toEqual([{ finish_reason: null }]);
  });

  test('what is noted of chats at rest is corrected where a message of the system stands last', async () => {
    const copy = await createDatabase();
    const client = await copy.pool.connect();
    try {
      const { rows } = await client.query(
        `INSERT INTO chats (owner_id, status) VALUES (gen_random_uuid(), 'waiting') RETURNING id`,
      );
      for (const role of ['user', 'system']) {
        await client.query('INSERT INTO chat_messages (chat_id, role) VALUES ($1, $2)', [rows[0].id, role]);
      }
      await client.query('UPDATE chats SET unanswered = NULL'); // as it was noted before
      await client.query(`DELETE FROM _prisma_migrations WHERE migration_name = '20261201000000_system_messages'`);
      expect(await applyMigrations(client)).toEqual(['20261201000000_system_messages']);
      expect((await client.query('SELECT unanswered FROM chats')).rows).toEqual([{ unanswered: 'message' }]);
    } finally {
      client.release();
      await copy.drop();
    }
  });

  test("somebody else's tables are named, and left as they were", async () => {
    const foreign = await createDatabase('template0');
    const client = await foreign.pool.connect();
    try {
      await client.query('CREATE TABLE chats (id uuid)');
      await expect(applyMigrations(client)).rejects.toThrow('found the tables chats, and no record of a migration');
      await expect(assertOwnSchema(client)).rejects.toThrow('no chat was taken');
      const tables = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
      expect(tables.rows).toEqual([{ tablename: 'chats' }]);
    } finally {
      client.release();
      await foreign.drop();
    }
  });

  test.each(['(id integer)', '(id integer, migration_name text)'])(
    'a record of migrations that is not of this form is named, and left as it was: %s',
    async (columns) => {
      const foreign = await createDatabase('template0');
      const client = await foreign.pool.connect();
      try {
        await client.query(`CREATE TABLE _prisma_migrations ${columns}`);
        await expect(applyMigrations(client)).rejects.toThrow('found a table _prisma_migrations of another form');
        await expect(assertOwnSchema(client)).rejects.toThrow('no chat was taken');
      } finally {
        client.release();
        await foreign.drop();
      }
    },
  );

  test('a migration that was changed after it was applied is not taken for ours', async () => {
    const changed = await createDatabase();
    const client = await changed.pool.connect();
    try {
      await client.query(`UPDATE _prisma_migrations SET checksum = 'other'`);
      await expect(assertOwnSchema(client)).rejects.toThrow('20261122000000_init (changed since)');
    } finally {
      client.release();
      await changed.drop();
    }
  });

  describe('while two versions run', () => {
    const LATER = `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name)
      VALUES ('later', 'x', now(), '29990101000000_later')`;
    const inCopy = async (sql: string, use: (client: pg.PoolClient) => Promise<void>) => {
      const copy = await createDatabase();
      const client = await copy.pool.connect();
      try {
        await client.query(sql);
        await use(client);
      } finally {
        client.release();
        await copy.drop();
      }
    };

    test('a worker starts on the tables of a later version, and leaves them as they are', async () => {
      await inCopy(LATER, async (client) => {
        expect(await inspectSchema(client)).toEqual({ kind: 'ahead', later: ['29990101000000_later'] });
        await assertOwnSchema(client);
        expect(await applyMigrations(client)).toEqual([]);
      });
    });

    test('a worker does not start on the tables of an earlier version, and says what to do', async () => {
      await inCopy(`DELETE FROM _prisma_migrations WHERE migration_name <> '20261122000000_init'`, async (client) => {
        const refused = expect(assertOwnSchema(client)).rejects;
        await refused.toThrow(
          /lacks the migrations .*fleet_indexes.* Run `npm run migrate` with this DATABASE_URL first/,
        );
      });
    });

    test.each([
      [
        'with one of ours missing',
        `DELETE FROM _prisma_migrations WHERE migration_name <> '20261122000000_init'; ${LATER}`,
      ],
      ['among ours', `${LATER}; UPDATE _prisma_migrations SET migration_name = '20261122000001_x' WHERE id = 'later'`],
      ['never finished', `${LATER}; UPDATE _prisma_migrations SET finished_at = NULL WHERE id = 'later'`],
    ])('migrations of others are still not taken for ours: %s', async (_, sql) => {
      await inCopy(sql, async (client) => {
        expect(await inspectSchema(client)).toMatchObject({ kind: 'foreign' });
        await expect(assertOwnSchema(client)).rejects.toThrow('no chat was taken');
      });
    });
  });
});
