/** Lists that are walked by status along another platform's index show the same chats, in the same order. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { Prisma } from '../../../prisma/generated/client.ts';
import { makeLogger } from '../../../server/log.ts';
import type { ChatFilter } from '../../../subgraphs/database/chatConditions.ts';
import { connectDatabase, type DatabaseClient } from '../../../subgraphs/database/client.ts';
import { PlatformMemory } from '../../../subgraphs/database/platformMemory.ts';
import { chatPage, chatPageSql } from '../../../subgraphs/database/questions/chatPage.ts';
import { createDatabase } from '../../support/database.ts';
import { createTables } from '../../upstream/tables.ts';
import { lookedAt, planIn, scans } from './support/plans.ts';
import { openReading } from './support/reading.ts';

const log = makeLogger('ways', 'silent');
const TIMEOUT_MS = 60_000;
const STATUSES = ['waiting', 'running', 'error', 'requires_action', 'interrupting', 'paused', 'pending', 'completed'];
const CHATS = 4_000;
/** Chats that a page may look at: a page of each status and side, and each of them once more. */
const MOST_LOOKED_AT = 1_500;
let database: Awaited<ReturnType<typeof createDatabase>>;
let client: DatabaseClient;

/** Every status, archived and not, roots and children, owned and not; nearly all wait. Every seventh has a queue. */
beforeAll(async () => {
  database = await createDatabase('template0');
  const { pool } = database;
  await createTables(pool, { hasLegacyStatuses: true });
  await pool.query(
    `INSERT INTO users (id, username) SELECT md5(i::text)::uuid, 'u' || i FROM generate_series(0, 9) AS i`,
  );
  await pool.query(
    `INSERT INTO chats (id, owner_id, organization_id, last_model_config_id, status, archived, worker_id, runner_id, updated_at, last_error)
     SELECT md5('c' || i)::uuid, md5((i % 10)::text)::uuid, md5('o')::uuid, md5('m')::uuid,
       (CASE WHEN i % 20 = 0 THEN ($1::text[])[1 + i / 20 % 8] ELSE 'waiting' END)::chat_status,
       i % 30 IN (0, 1), CASE WHEN i % 40 = 0 THEN md5('w')::uuid END, CASE WHEN i % 40 = 0 THEN md5('r')::uuid END,
       now() - i % 977 * interval '1 minute',
       CASE WHEN i % 3 = 0 THEN '{"retryable": false}'::jsonb END
     FROM generate_series(0, $2::int - 1) AS i`,
    [STATUSES, CHATS],
  );
  await pool.query(
    `UPDATE chats SET parent_chat_id = md5('c1')::uuid WHERE id <> md5('c1')::uuid AND right(id::text, 1) < '4'`,
  );
  await pool.query(
    `INSERT INTO chat_queued_messages (chat_id, content, created_by)
     SELECT id, '{}', owner_id FROM chats WHERE right(id::text, 2) < '24' AND status <> 'waiting'`,
  );
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role, content, content_version)
     SELECT id, (CASE WHEN right(id::text, 1) < '8' THEN 'user' ELSE 'assistant' END)::chat_message_role,
       '[{"type": "text", "text": "hello"}]', 1 FROM chats`,
  );
  await pool.query('VACUUM ANALYZE');
  client = connectDatabase({ url: database.url, timeoutMs: TIMEOUT_MS, clock: systemClock, log });
});
afterAll(async () => {
  await client.close();
  await database.drop();
});

interface Page {
  /** Ids along the index, and without one. */
  readonly ids: readonly [string[], string[]];
  /** Chats looked at among those that are not archived, along the index. */
  readonly lookedAt: number;
}

async function pageOf(filter: ChatFilter, after: { updatedAt: string; chatId: string } | undefined): Promise<Page> {
  const platforms = new PlatformMemory({}, { clock: systemClock, log });
  const { prisma } = client;
  const reading = openReading({ prisma, timeoutMs: TIMEOUT_MS, platforms });
  try {
    return await reading.ask('chatPage', async (tx, { platform, indexes, heartbeatsReadable }) => {
      const limits = {
        ...platform.thresholds,
        ...{ platform, heartbeatsReadable, someWaitOutside: true, pools: undefined, readableOf: undefined },
      };
      const order = filter.suspect ? ('oldest' as const) : ('newest' as const);
      const page = { filter, limits, order, after, limit: 41 };
      const found = await indexes('chats');
      const walked = await chatPage(tx, { ...page, indexes: found });
      const whole = await chatPage(tx, { ...page, indexes: undefined });
      const plan = Prisma.sql`EXPLAIN (ANALYZE, FORMAT JSON) ${chatPageSql({ ...page, indexes: found })}`;
      const looks = scans(planIn(await tx.$queryRaw(plan))).filter(
        (scan) => scan['Index Name'] === 'idx_chats_worker_acquisition_candidates',
      );
      const idsOf = (rows: readonly { chatId: string }[]) => rows.map(({ chatId }) => chatId);
      return {
        ids: [idsOf(walked), idsOf(whole)],
        lookedAt: looks.reduce((sum, scan) => sum + lookedAt(scan), 0),
      };
    });
  } finally {
    await reading.close();
  }
}

const STATES = ['W', 'E0', 'E1', 'R0', 'R1', 'I0', 'A1', 'XW', 'XE0', 'XE1', 'INVALID'] as const;
const FILTERS: ChatFilter[] = [
  ...[{}, { suspect: true }, { suspect: false }, { owned: true }, { owned: false }, { owned: true, suspect: true }],
  ...STATES.map((state) => ({ executionState: [state] })),
  { executionState: ['W', 'XE1', 'R1'] },
  ...[...STATUSES, 'no such status'].map((status) => ({ status: [status] })),
  { status: ['waiting', 'paused'], suspect: true },
  ...(['FRESH', 'STALE', 'MISSING'] as const).map((heartbeat) => ({ heartbeat })),
  { workerId: randomUUID() },
];

describe.each([['from the beginning', false] as const, ['from far down', true] as const])('%s', (_where, deep) => {
  test.each(FILTERS.map((filter): [string, ChatFilter] => [JSON.stringify(filter), filter]))(
    '%s',
    async (_what, filter) => {
      const { rows } = await database.pool.query(
        `SELECT to_char((now() - interval '8 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
      );
      const { ids, lookedAt } = await pageOf(
        filter,
        deep ? { updatedAt: String(rows[0]?.at), chatId: randomUUID() } : undefined,
      );
      expect(ids[0]).toEqual(ids[1]);
      expect(lookedAt).toBeLessThan(MOST_LOOKED_AT);
    },
  );
});

test('a list that is read while readiness looks at the tables anew is walked along the index all the same', async () => {
  const platforms = new PlatformMemory({}, { clock: systemClock, log });
  const reading = openReading({ prisma: client.prisma, timeoutMs: TIMEOUT_MS, platforms });
  try {
    const found = await reading.ask('chatPage', async (_tx, { indexes }) => {
      platforms.forget();
      return indexes('chats');
    });
    expect(found?.chats).toEqual(expect.arrayContaining([expect.stringContaining('status, updated_at, id')]));
  } finally {
    await reading.close();
  }
});
