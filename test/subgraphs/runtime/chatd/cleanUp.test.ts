import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../../../../subgraphs/runtime/chatd/cleanUp.ts';
import { databasePerFile } from '../../../support/database.ts';

const database = databasePerFile();

/** Chats that each name a lease of that age. */
const named = (count: number, status: string, heartbeatAt: string) =>
  database.pool.query(
    `WITH chat AS (
       INSERT INTO chats (owner_id, status, worker_id, runner_id)
       SELECT $2, $3::chat_status, $2, gen_random_uuid() FROM generate_series(1, $1) RETURNING id, runner_id)
     INSERT INTO chat_heartbeats SELECT id, runner_id, ${heartbeatAt} FROM chat`,
    [count, randomUUID(), status],
  );

test('leases that chats at rest still name do not keep the clean-up from getting on, and those of runnable ones stay', async () => {
  await named(1_200, 'waiting', `now() - interval '2 days'`);
  await named(2, 'running', `now() - interval '3 days'`);
  await named(2, 'waiting', 'now()');
  const other = (count: number, heartbeatAt: string) =>
    database.pool.query(
      `INSERT INTO chat_heartbeats
       SELECT id, gen_random_uuid(), ${heartbeatAt} FROM (SELECT id FROM chats LIMIT 1) chat, generate_series(1, $1)`,
      [count],
    );
  await other(3_000, `now() - interval '1 day'`);
  await other(3, `'-infinity'`);
  await other(3, `'infinity'`);
  await other(3, `now() + interval '1 day'`);
  expect(await cleanUp(database.pool, 30)).toBe(4_209);
  const { rows } = await database.pool.query(
    `SELECT status::text, count(*)::int FROM chat_heartbeats beat JOIN chats USING (runner_id) GROUP BY status ORDER BY 1`,
  );
  expect(rows).toEqual([
    { status: 'running', count: 2 },
    { status: 'waiting', count: 2 },
  ]);
});

test('a replica row that is far ahead of the clock goes like one that is far behind', async () => {
  const moments = [`'infinity'`, `'-infinity'`, `now() + interval '8 days'`, `now() - interval '8 days'`, 'now()'];
  for (const moment of moments) {
    await database.pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version, updated_at) VALUES ($1, '', '', '', ${moment})`,
      [randomUUID()],
    );
  }
  await cleanUp(database.pool, 30);
  expect((await database.pool.query('SELECT FROM replicas')).rowCount).toBe(1);
});

describe('rows that the database does not let go', () => {
  beforeEach(async () => {
    const { pool } = database;
    await pool.query('TRUNCATE chats, replicas CASCADE');
    await pool.query(`
      CREATE OR REPLACE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF to_regclass('tries') IS NOT NULL THEN PERFORM nextval('tries'); END IF;
        IF COALESCE(to_jsonb(OLD) ->> TG_ARGV[0], '') = TG_ARGV[1] THEN RAISE EXCEPTION 'this one stays'; END IF;
        RETURN OLD;
      END $$`);
  });
  afterEach(async () => {
    await database.pool.query('DROP FUNCTION kept CASCADE');
  });

  /** The row of this value; where there is no such column, every row. */
  const keep = (table: string, column: string, value: string) =>
    database.pool.query(`
      CREATE TRIGGER kept BEFORE DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION kept('${column}', '${value}')`);
  const left = async (table: string) => (await database.pool.query(`SELECT FROM ${table}`)).rowCount;

  test('cost only themselves among leases and replicas, and are told of once all else is done', async () => {
    const { pool } = database;
    await named(2_300, 'waiting', `now() - interval '2 days'`);
    const { rows } = await pool.query<{ runner_id: string }>(
      `UPDATE chat_heartbeats SET heartbeat_at = now() - interval '3 days'
       WHERE runner_id = (SELECT min(runner_id::text)::uuid FROM chat_heartbeats) RETURNING runner_id`,
    );
    await keep('chat_heartbeats', 'runner_id', rows[0]?.runner_id ?? '');
    await keep('replicas', 'hostname', 'h1');
    await pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version, updated_at)
       SELECT gen_random_uuid(), 'h' || i, '', '', now() - interval '8 days' FROM generate_series(1, 3) AS i`,
    );
    await expect(cleanUp(pool, 30)).rejects.toMatchObject({ code: 'P0001' });
    expect([await left('chat_heartbeats'), await left('replicas')]).toEqual([1, 1]);
    await expect(cleanUp(pool, 30)).rejects.toMatchObject({ code: 'P0001' });
  });

  test('are not all tried where it is every one of them', async () => {
    const { pool } = database;
    await named(300, 'waiting', `now() - interval '2 days'`);
    await keep('chat_heartbeats', 'no such column', '');
    await pool.query('CREATE SEQUENCE tries'); // what a sequence has counted is not rolled back
    await expect(cleanUp(pool, 30)).rejects.toMatchObject({ code: 'P0001' });
    const { rows } = await pool.query<{ tries: number }>('SELECT last_value::float8 AS tries FROM tries');
    expect(rows[0]?.tries).toBeLessThanOrEqual(102);
    await pool.query('DROP SEQUENCE tries');
  });
});
