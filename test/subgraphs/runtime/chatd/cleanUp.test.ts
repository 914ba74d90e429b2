import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { cleanUp } from '../../../../subgraphs/runtime/chatd/cleanUp.ts';
import { databasePerFile } from '../../../support/database.ts';

const database = databasePerFile();
const AGES = { staleAfterSeconds: 30, historyRetentionDays: 14 };

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
  expect(await cleanUp(database.pool, AGES)).toBe(4_209);
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
  await cleanUp(database.pool, AGES);
  expect((await database.pool.query('SELECT FROM replicas')).rowCount).toBe(1);
});

describe('old events', () => {
  const eventsOf = async (id: string) =>
    (
      await database.pool.query(
        'SELECT snapshot_version::int AS version FROM chat_events WHERE chat_id = $1 ORDER BY 1',
        [id],
      )
    ).rows.map(({ version }) => version);

  test('go in batches, with rights on rows alone, and the others stay', async () => {
    const { pool, url } = database;
    const role = `worker_${randomUUID().slice(0, 8)}`;
    const { rows } = await pool.query(`INSERT INTO chats (owner_id) VALUES (gen_random_uuid()) RETURNING id`);
    const id: string = rows[0].id;
    await pool.query(
      `INSERT INTO chat_events (chat_id, snapshot_version, generation_attempt, queue_depth, to_state, at)
       SELECT $1, version, 0, 0, 'w', now() - CASE WHEN version <= 2502 THEN interval '15 days' ELSE interval '13 days' END
       FROM generate_series(2, 2504) AS version`,
      [id],
    );
    await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test';
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
    const own = new pg.Pool({
      connectionString: Object.assign(new URL(url), { username: role, password: 'test' }).href,
    });
    try {
      expect(await cleanUp(own, AGES)).toBe(2_501);
      expect(await eventsOf(id)).toEqual([1, 2503, 2504]);
    } finally {
      await own.end();
      await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test('are deleted, too, where they are all that a chat at rest has, and its history goes on', async () => {
    const { rows } = await database.pool.query(`INSERT INTO chats (owner_id) VALUES (gen_random_uuid()) RETURNING id`);
    const id: string = rows[0].id;
    await database.pool.query(`UPDATE chat_events SET at = now() - interval '15 days' WHERE chat_id = $1`, [id]);
    await cleanUp(database.pool, AGES);
    expect(await eventsOf(id)).toEqual([]);
    await database.pool.query(`UPDATE chats SET status = 'running' WHERE id = $1`, [id]);
    expect(await eventsOf(id)).toEqual([2]);
  });
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
    await expect(cleanUp(pool, AGES)).rejects.toMatchObject({ code: 'P0001' });
    expect([await left('chat_heartbeats'), await left('replicas')]).toEqual([1, 1]);
    await expect(cleanUp(pool, AGES)).rejects.toMatchObject({ code: 'P0001' });
  });

  test('are not all tried where it is every one of them', async () => {
    const { pool } = database;
    await named(300, 'waiting', `now() - interval '2 days'`);
    await keep('chat_heartbeats', 'no such column', '');
    await pool.query('CREATE SEQUENCE tries'); // what a sequence has counted is not rolled back
    await expect(cleanUp(pool, AGES)).rejects.toMatchObject({ code: 'P0001' });
    const { rows } = await pool.query<{ tries: number }>('SELECT last_value::float8 AS tries FROM tries');
    expect(rows[0]?.tries).toBeLessThanOrEqual(102);
    await pool.query('DROP SEQUENCE tries');
  });
});
