import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
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
