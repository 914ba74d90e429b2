/** Costs of the questions about histories and families by Postgres' own account, with and without statistics. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { Prisma } from '../../../prisma/generated/client.ts';
import { makeLogger } from '../../../server/log.ts';
import { connectDatabase, type DatabaseClient } from '../../../subgraphs/database/client.ts';
import { childrenSql, lostChildrenSql } from '../../../subgraphs/database/questions/children.ts';
import { lastMessagesSql } from '../../../subgraphs/database/questions/lastMessages.ts';
import { openCallsSql } from '../../../subgraphs/database/questions/openCalls.ts';
import { ownershipSql, RECENT } from '../../../subgraphs/database/questions/ownership.ts';
import { MESSAGES_OF_A_TURN, stepsSql, turnsSql } from '../../../subgraphs/database/questions/turns.ts';
import { createDatabase, databasePerFile } from '../../support/database.ts';
import { lookedAt, planIn, scans } from './support/plans.ts';
import { OWN } from './support/platforms.ts';
import { openReading } from './support/reading.ts';

const database = databasePerFile();
const log = makeLogger('plans', 'silent');
const TIMEOUT_MS = 60_000;
/** Ends with 5,000 deleted messages; its turn has 20 messages. */
const LONG = randomUUID();
/** Nothing but steps. */
const ENDLESS = randomUUID();
/** Has 2,000 children; one is lost. */
const PARENT = randomUUID();
const OTHERS = Array.from({ length: 98 }, () => randomUUID());
const ALL = [LONG, ENDLESS, ...OTHERS];
let client: DatabaseClient;

beforeAll(async () => {
  const { pool } = database;
  for (const table of ['chats', 'chat_messages', 'chat_queued_messages']) {
    await pool.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  }
  await pool.query('ALTER TABLE chat_messages DISABLE TRIGGER USER');
  await pool.query('INSERT INTO chats (id, owner_id) SELECT id, id FROM unnest($1::uuid[]) AS id', [[...ALL, PARENT]]);
  await pool.query(
    `INSERT INTO chats (owner_id, status, parent_chat_id, root_chat_id, updated_at)
     SELECT $1, (CASE WHEN i = 1900 THEN 'error' ELSE 'waiting' END)::chat_status, $1, $1, now() - i * interval '1 s'
     FROM generate_series(1, 2000) AS i`,
    [PARENT],
  );
  const messages = (ids: readonly string[], count: number, userAt: number) =>
    pool.query(
      `INSERT INTO chat_messages (chat_id, role, content)
       SELECT id, (CASE WHEN i = $3::int THEN 'user' ELSE 'assistant' END)::chat_message_role,
         '[{"type": "tool-call", "toolCallId": "c", "toolName": "t"}]'
       FROM unnest($1::uuid[]) AS id, generate_series(1, $2::int) AS i`,
      [ids, count, userAt],
    );
  await messages([LONG], 25_000, 19_980);
  await pool.query(
    `UPDATE chat_messages SET deleted = true WHERE id IN (
       SELECT id FROM chat_messages WHERE chat_id = $1 ORDER BY id DESC LIMIT 5000)`,
    [LONG],
  );
  await messages([ENDLESS], 30_000, 1);
  await messages(OTHERS, 10, 5);
  await pool.query(
    `INSERT INTO chat_events (chat_id, snapshot_version, generation_attempt, queue_depth, by, from_state, to_state,
       transitions, worker_id, runner_id)
     SELECT chat, i, 1, 0, 'w', 'r', 'r', '{commitStep}', owner, owner
     FROM unnest($1::uuid[]) AS chat, generate_series(2, CASE chat WHEN $2 THEN 20000 ELSE 9 END) AS i,
       LATERAL (SELECT CASE WHEN i % 4 = 0 AND (chat <> $2 OR i < 100) THEN gen_random_uuid() END) AS one (owner)`,
    [ALL, LONG],
  );
  client = connectDatabase({ url: database.url, timeoutMs: TIMEOUT_MS, clock: systemClock, log });
});
afterAll(() => client.close());

/** Number of rows and index entries of chats' tables that a statement looks at. It fails on a walk through a table. */
async function looksAt(sql: Prisma.Sql, { prisma } = client): Promise<number> {
  const reading = openReading({ prisma, timeoutMs: TIMEOUT_MS });
  try {
    const rows = await reading.ask('plan', (tx) => tx.$queryRaw(Prisma.sql`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`));
    const found = scans(planIn(rows)).filter((scan) => scan['Relation Name']?.startsWith('chat'));
    expect(found.filter((scan) => scan['Node Type'] === 'Seq Scan')).toEqual([]);
    return found.reduce((sum, scan) => sum + lookedAt(scan), 0);
  } finally {
    await reading.close();
  }
}

describe.each(['never analysed', 'analysed'])('%s,', (state) => {
  beforeAll(async () => {
    if (state === 'analysed') await database.pool.query('VACUUM ANALYZE');
  });

  test('the newest message of each of a hundred chats is looked up, whatever was deleted after it', async () => {
    expect(await looksAt(lastMessagesSql(OWN, ALL))).toBeLessThanOrEqual(2 * ALL.length);
  });

  test('open calls are looked for in the newest messages', async () => {
    expect(await looksAt(openCallsSql(OWN, ALL))).toBeLessThanOrEqual(2 * 100 + 11 * OTHERS.length);
  });

  test('a turn costs its messages, an endless one what is looked at, twice over', async () => {
    expect(await looksAt(turnsSql(OWN, [LONG, ...OTHERS]))).toBeLessThanOrEqual(2 * (22 + 7 * OTHERS.length));
    expect(await looksAt(turnsSql(OWN, [ENDLESS]))).toBeLessThanOrEqual(2 * MESSAGES_OF_A_TURN + 2);
  });

  test('the steps of a turn cost its messages once, those of an endless one what is looked at', async () => {
    const looked = [];
    for (const id of [LONG, ENDLESS, ...OTHERS]) looked.push(await looksAt(stepsSql(OWN, Prisma.sql`${id}::uuid`)));
    const [long = Number.NaN, endless = Number.NaN, ...others] = looked;
    expect(long).toBeLessThanOrEqual(22);
    expect(endless).toBeLessThanOrEqual(MESSAGES_OF_A_TURN + 1); // the next one is read before a row is judged
    expect(Math.max(...others)).toBeLessThanOrEqual(7);
  });

  test('recent owners cost their changes, a look at the replica of each, and no more events than a short history has', async () => {
    expect(await looksAt(ownershipSql(OWN, OTHERS, RECENT))).toBeLessThanOrEqual(9 * OTHERS.length);
    expect(await looksAt(ownershipSql(OWN, [LONG], RECENT))).toBeLessThanOrEqual(2 * RECENT.owners + RECENT.events);
    expect(await looksAt(ownershipSql(OWN, [PARENT], RECENT))).toBe(0);
  });

  test('a page of children costs the page, wherever it begins', async () => {
    const page = { platform: OWN, parentIds: [PARENT, ...ALL], readableOf: undefined, limit: 21 };
    const far = { updatedAt: '2100-01-01T00:00:00.000000Z', chatId: randomUUID() };
    expect(await looksAt(childrenSql({ ...page, after: undefined }))).toBeLessThanOrEqual(25);
    expect(await looksAt(childrenSql({ ...page, after: far }))).toBeLessThanOrEqual(25);
    expect(await looksAt(childrenSql({ ...page, after: far, readableOf: PARENT }))).toBeLessThanOrEqual(25);
  });

  test('lost children cost the children of that chat and a look into their queues, and no other chat', async () => {
    expect(await looksAt(lostChildrenSql(OWN, [PARENT, ...ALL], undefined))).toBeLessThanOrEqual(2 * 2_000);
    expect(await looksAt(lostChildrenSql(OWN, ALL, undefined))).toBe(0);
  });
});

test('a chat without messages costs nothing, though all messages that there are seem to be of every chat', async () => {
  const young = await createDatabase();
  const youngClient = connectDatabase({ url: young.url, timeoutMs: TIMEOUT_MS, clock: systemClock, log });
  try {
    await young.pool.query('INSERT INTO chats (id, owner_id) VALUES ($1, $1)', [LONG]);
    await young.pool.query('ALTER TABLE chat_messages DISABLE TRIGGER USER');
    await young.pool.query(
      `INSERT INTO chat_messages (chat_id, role) SELECT $1, 'user' FROM generate_series(1, 10000) AS i`,
      [LONG],
    );
    await young.pool.query('VACUUM ANALYZE');
    for (const sql of [
      lastMessagesSql(OWN, OTHERS),
      openCallsSql(OWN, OTHERS),
      turnsSql(OWN, OTHERS),
      stepsSql(OWN, Prisma.sql`${OTHERS[0]}::uuid`),
    ])
      expect(await looksAt(sql, youngClient)).toBe(0);
  } finally {
    await youngClient.close();
    await young.drop();
  }
});
