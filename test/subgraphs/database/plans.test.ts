/**
 * Costs of the lists among 20,000 chats: rows and index entries that Postgres looks at, by its own account. Nothing is
 * timed.
 * The same questions are asked with and without statistics of the tables: a plan must not depend on them.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { DEFAULT_THRESHOLDS } from '../../../domain/thresholds.ts';
import { Prisma } from '../../../prisma/generated/client.ts';
import { makeLogger } from '../../../server/log.ts';
import type { ChatFilter } from '../../../subgraphs/database/chatConditions.ts';
import { connectDatabase, type DatabaseClient } from '../../../subgraphs/database/client.ts';
import { chatPageSql } from '../../../subgraphs/database/questions/chatPage.ts';
import { databasePerFile } from '../../support/database.ts';
import { lookedAt, type Node, planIn, scans } from './support/plans.ts';
import { OWN } from './support/platforms.ts';
import { openReading } from './support/reading.ts';

const database = databasePerFile();
const log = makeLogger('plans', 'silent');
const TIMEOUT_MS = 60_000;
const FIRST = 20;
/** Room for one page, all runnable chats, and everything that has a queue, twice over; a walk costs thousands. */
const MOST_LOOKED_AT = 500;
const SMALL_OWNER = randomUUID();
const WORKER = randomUUID();
let client: DatabaseClient;

/** Nearly all wait; 40 run, half of them in trouble; a few of everything else, and long ago. The worker's id is a parent's, too. */
const CHATS = `
  INSERT INTO chats (owner_id, status, archived, worker_id, runner_id, updated_at, parent_chat_id, root_chat_id)
  SELECT CASE WHEN i % 2000 = 7 THEN $1::uuid ELSE md5((i % 300)::text)::uuid END,
    (CASE WHEN i <= 40 THEN 'running' WHEN i <= 60 THEN 'paused' WHEN i <= 90 THEN 'error' WHEN i % 50 = 0 THEN 'error'
      ELSE 'waiting' END)::chat_status,
    i BETWEEN 51 AND 75 OR i % 50 = 1 AND i > 100,
    CASE WHEN i <= 20 THEN $2::uuid WHEN i = 95 THEN $3::uuid END, CASE WHEN i <= 20 THEN gen_random_uuid() END,
    CASE WHEN i <= 100 AND i % 2 = 0 THEN now() - interval '40 days' ELSE now() END - i * interval '2 minutes',
    CASE WHEN i % 1000 = 3 THEN $2::uuid END, CASE WHEN i % 1000 = 3 THEN $2::uuid END
  FROM generate_series(1, 20000) AS i`;

const LEASES = `
  INSERT INTO chat_heartbeats SELECT id, runner_id, now() + interval '1 day' FROM chats WHERE runner_id IS NOT NULL`;

/** One in four of the chats that are not at rest, and ten of those that are. */
const QUEUES = `
  INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
  SELECT id, '{}', 1, id FROM (
    (SELECT id FROM chats WHERE status = 'running' LIMIT 10) UNION ALL
    (SELECT id FROM chats WHERE status = 'error' ORDER BY id LIMIT 5) UNION ALL
    (SELECT id FROM chats WHERE status = 'waiting' ORDER BY id LIMIT 5)) AS queued`;

beforeAll(async () => {
  const { pool } = database;
  for (const table of ['chats', 'chat_queued_messages', 'chat_heartbeats']) {
    await pool.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  }
  await pool.query(CHATS, [SMALL_OWNER, WORKER, randomUUID()]);
  await pool.query(LEASES);
  await pool.query(QUEUES);
  client = connectDatabase({ url: database.url, timeoutMs: TIMEOUT_MS, clock: systemClock, log });
});
afterAll(() => client.close());

/** Runs the page's own statement, in a reading like any other. */
async function planOf(filter: ChatFilter, readableOf: string | undefined, deep: boolean): Promise<Node> {
  const reading = openReading({ prisma: client.prisma, timeoutMs: TIMEOUT_MS });
  const order = filter.suspect ? 'oldest' : 'newest';
  const { rows } = await database.pool.query(
    `SELECT to_char((now() - interval '2 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place`,
  );
  try {
    return await reading.ask('chatPage', async (tx, { heartbeatsReadable }) => {
      const limits = {
        ...DEFAULT_THRESHOLDS,
        clockAheadSeconds: 2 * 86_400,
        heartbeatsReadable,
        platform: OWN,
        pools: undefined,
        someWaitOutside: true,
        readableOf,
      };
      const after = deep ? { updatedAt: String(rows[0]?.place), chatId: randomUUID() } : undefined;
      const page = {
        filter,
        limits,
        order,
        after,
        limit: FIRST + 1,
        indexes: undefined,
      } as const;
      const rowsOfPlan = await tx.$queryRaw(Prisma.sql`EXPLAIN (ANALYZE, FORMAT JSON) ${chatPageSql(page)}`);
      return planIn(rowsOfPlan);
    });
  } finally {
    await reading.close();
  }
}

const FILTERS: ChatFilter[] = [
  {},
  { suspect: true },
  { suspect: false },
  ...(['W', 'E0', 'E1', 'R0', 'R1', 'I0', 'A1', 'XW', 'XE0', 'XE1', 'INVALID'] as const).map((state) => ({
    executionState: [state],
  })),
  { executionState: ['E1', 'INVALID', 'R0'] },
  ...['waiting', 'error', 'running', 'paused', 'no such status'].map((status) => ({ status: [status] })),
  { status: ['error', 'running', 'paused'] },
  { owned: true },
  { owned: false },
  { owned: false, status: ['running'] },
  { owned: true, executionState: ['W'] },
  { owned: true, suspect: true },
  { workerId: WORKER },
  { workerId: SMALL_OWNER },
  { parentChatId: SMALL_OWNER },
  { parentChatId: WORKER, executionState: ['W'] },
  { rootChatId: WORKER },
  { rootChatId: WORKER, suspect: true },
  { workerId: WORKER, suspect: true },
  { workerId: SMALL_OWNER, executionState: ['W'] },
  ...(['FRESH', 'STALE', 'MISSING'] as const).map((heartbeat) => ({ heartbeat })),
  { heartbeat: 'MISSING', suspect: true, owned: false },
];

const CASES = FILTERS.flatMap((filter) =>
  [undefined, SMALL_OWNER].flatMap((readableOf) =>
    [false, true].map((deep): [string, ChatFilter, string | undefined, boolean] => [
      `${JSON.stringify(filter)}${readableOf ? ' of an owner of ten chats' : ''}${deep ? ', far down' : ''}`,
      filter,
      readableOf,
      deep,
    ]),
  ),
);

describe.each(['never analysed', 'analysed'])('among 20,000 chats, %s,', (state) => {
  beforeAll(async () => {
    if (state === 'analysed') await database.pool.query('VACUUM ANALYZE');
  });

  test.each(CASES)('%s looks at few chats, and walks through no table', async (_what, filter, readableOf, deep) => {
    const found = scans(await planOf(filter, readableOf, deep));
    expect(found.filter((scan) => scan['Node Type'] === 'Seq Scan')).toEqual([]);
    const total = found.reduce((sum, scan) => sum + lookedAt(scan), 0);
    if (total > MOST_LOOKED_AT) expect(found).toEqual([]); // shows what was looked at
  });
});
