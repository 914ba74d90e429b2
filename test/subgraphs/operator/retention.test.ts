/** The end of old records and plans: all of them go in one run, and the one kind does not wait for the other. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { operatorsPerTest } from './support/operators.ts';

const database = databasePerFile();
const { start, urlOfRole } = operatorsPerTest(database);
afterEach(() => database.pool.query('TRUNCATE chat_debug_plans CASCADE'));

const countOf = async (table: string): Promise<number> =>
  (await database.pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

const insertPlans = (count: number, days: number) =>
  database.pool.query(
    `WITH plans AS (
       INSERT INTO chat_debug_plans (at, actor, action, reason, via)
       SELECT now() - $2 * interval '1 day', 'an-operator', 'RETRY_CHAT', 'because', 'GRAPHQL' FROM generate_series(1, $1)
       RETURNING id)
     INSERT INTO chat_debug_plan_items (plan_id, position, chat_id) SELECT id, 1, gen_random_uuid() FROM plans`,
    [count, days],
  );

beforeEach(async () => {
  await database.pool.query(
    `INSERT INTO chat_debug_actions (at, actor, via, action, chat_id, reason, outcome, idempotency_key, dry_run, input_hash)
     SELECT now() - CASE n WHEN 1 THEN 29 ELSE 40 END * interval '1 day', 'an-operator', 'GRAPHQL', 'RELEASE_CHAT',
       gen_random_uuid(), 'because', 'DONE', gen_random_uuid(), false, ''
     FROM generate_series(1, 2501) AS n`,
  );
  await insertPlans(25, 40);
  await insertPlans(1, 29);
});

test('old records and plans are all dropped in one run, and younger ones stay', async () => {
  const kept = (await countOf('chat_debug_actions')) - 2_500;
  await start({ retentionDays: 30 });
  await until('the old records are gone', async () => (await countOf('chat_debug_actions')) === kept);
  await until('the old plans are gone', async () => (await countOf('chat_debug_plans')) === 1);
  expect(await countOf('chat_debug_plan_items')).toBe(1);
});

test('old plans are dropped also where the operator may not drop records', async () => {
  const name = new URL(await urlOfRole()).username;
  await database.pool.query(`REVOKE EXECUTE ON FUNCTION chat_debug_drop_actions(float8) FROM ${name}`);
  const records = await countOf('chat_debug_actions');
  await start({ retentionDays: 30 });
  await until('the old plans are gone', async () => (await countOf('chat_debug_plans')) === 1);
  expect(await countOf('chat_debug_actions')).toBe(records);
});
