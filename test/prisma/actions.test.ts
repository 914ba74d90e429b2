/** The tables of actions: records are added and never changed, but that old ones are dropped. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { databasePerFile } from '../support/database.ts';

const database = databasePerFile();

async function insertRecord(at = 'clock_timestamp()', actor = 'an-operator'): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO chat_debug_actions (at, actor, via, action, chat_id, reason, outcome, idempotency_key, dry_run, input_hash)
     VALUES (${at}, $2, 'GRAPHQL', 'RELEASE_CHAT', gen_random_uuid(), 'because', 'DONE', $1, false, '') RETURNING id`,
    [randomUUID(), actor],
  );
  return rows[0]?.id ?? '';
}

const addResult = (id: string, at = 'clock_timestamp()') =>
  database.pool.query(`INSERT INTO chat_debug_action_results (action_id, at, resolved) VALUES ($1, ${at}, 'YES')`, [
    id,
  ]);

test.each([
  ['UPDATE', `UPDATE chat_debug_actions SET reason = 'another'`],
  ['DELETE', 'DELETE FROM chat_debug_actions'],
  ['TRUNCATE', 'TRUNCATE chat_debug_actions CASCADE'],
  ['UPDATE', `UPDATE chat_debug_action_results SET resolved = 'NO'`],
  ['DELETE', 'DELETE FROM chat_debug_action_results'],
  ['TRUNCATE', 'TRUNCATE chat_debug_action_results'],
  [
    'DELETE',
    `WITH set AS MATERIALIZED (SELECT set_config('chat_debug.drops_actions', 'old', true))
     DELETE FROM chat_debug_actions USING set`,
  ],
])('%s of records is refused, also to the owner of the tables: %s', async (operation, sql) => {
  await addResult(await insertRecord());
  await expect(database.pool.query(sql)).rejects.toMatchObject({
    code: '42501',
    message: expect.stringMatching(new RegExp(`append-only: ${operation} is refused`)),
  });
});

test('old records are dropped with their results, and younger ones stay', async () => {
  const [old, young] = [
    await insertRecord(`now() - interval '40 days'`),
    await insertRecord(`now() - interval '2 days'`),
  ];
  await addResult(old, `now() - interval '40 days'`);
  const { rows } = await database.pool.query('SELECT chat_debug_drop_actions(30) AS dropped');
  expect(rows).toEqual([{ dropped: 1 }]);
  const left = await database.pool.query('SELECT id FROM chat_debug_actions WHERE id = ANY ($1)', [[old, young]]);
  expect(left.rows).toEqual([{ id: young }]);
  await expect(database.pool.query('SELECT chat_debug_drop_actions(1)')).rejects.toMatchObject({ code: '22023' });
});

test('nobody else may drop them', async () => {
  const name = `user_${randomUUID().replaceAll('-', '')}`;
  await database.pool.query(`CREATE ROLE ${name}`);
  const client = await database.pool.connect();
  try {
    await client.query(`SET ROLE ${name}`);
    await expect(client.query('SELECT chat_debug_drop_actions(30)')).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.query('RESET ROLE');
    client.release();
    await database.pool.query(`DROP ROLE ${name}`);
  }
});

test('a person is forgotten, and nothing else of the record changes', async () => {
  const actor = randomUUID();
  const id = await insertRecord('clock_timestamp()', actor);
  const read = async () =>
    (await database.pool.query('SELECT actor, reason FROM chat_debug_actions WHERE id = $1', [id])).rows;
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT set_config('chat_debug.forgets_person', $1, true)`, [actor]);
    await client.query(`UPDATE chat_debug_actions SET reason = 'another' WHERE actor = $1`, [actor]);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  expect(await read()).toEqual([{ actor: 'forgotten', reason: 'because' }]);
});
