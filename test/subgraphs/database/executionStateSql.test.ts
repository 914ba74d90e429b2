import { expect, test } from '@jest/globals';
import { executionState } from '../../../domain/executionState.ts';
import { Prisma } from '../../../prisma/generated/client.ts';
import { executionStateSql } from '../../../subgraphs/database/executionStateSql.ts';
import { databasePerFile } from '../../support/database.ts';

const database = databasePerFile();

test('the rule in SQL and the rule in TypeScript name every combination alike', async () => {
  const { rows: known } = await database.pool.query('SELECT unnest(enum_range(NULL::chat_status))::text AS status');
  const statuses = [...known.map(({ status }) => status), 'constructor', ''];
  const state = executionStateSql({
    status: Prisma.sql`status`,
    archived: Prisma.sql`archived`,
    queued: Prisma.sql`depth > 0`,
  });
  const { rows } = await database.pool.query(
    `SELECT status, archived, depth AS "queueDepth", ${state.text} AS state
     FROM unnest($1::text[]) AS status, unnest('{t,f}'::bool[]) AS archived, unnest('{0,1,5}'::int[]) AS depth`,
    [statuses],
  );
  expect(rows).toHaveLength(statuses.length * 2 * 3);
  for (const { state: named, ...chat } of rows) expect([chat, named]).toEqual([chat, executionState(chat)]);
});
