/** Words for a database that is there and does not answer: whose fault it is, and what to do. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import type { RunningServer } from '../../../server/app.ts';
import { makeLogger } from '../../../server/log.ts';
import { connectDatabase, type DatabaseClient } from '../../../subgraphs/database/client.ts';
import { makeInquiry } from '../../../subgraphs/database/inquiry.ts';
import { inquiryMs } from '../../../subgraphs/database/reading.ts';
import { WANTED_INDEXES } from '../../../subgraphs/database/wantedIndexes.ts';
import { createDatabase, databasePerFile, type TestDatabase } from '../../support/database.ts';
import { OWN } from './support/platforms.ts';
import { openReading } from './support/reading.ts';
import { insertReplica } from './support/rows.ts';
import { type Ask, asking, start, user } from './support/subgraph.ts';
import { untilTrue, whileLocked } from './support/waiting.ts';

const TIMEOUT_MS = 4_000;
const CHATS = '{ chats { edges { cursor } } }';
const log = makeLogger('codes', 'silent');

interface Served {
  readonly ask: Ask;
  readonly readyz: () => Promise<[number, string]>;
}

async function withSubgraph<T>(databaseUrl: string, work: (served: Served) => Promise<T>): Promise<T> {
  const server: RunningServer = await start({ databaseUrl, databaseTimeoutMs: TIMEOUT_MS });
  const readyz = async (): Promise<[number, string]> => {
    const response = await fetch(`${server.url}/readyz`);
    return [response.status, await response.text()];
  };
  try {
    return await work({ ask: asking(() => server.url), readyz });
  } finally {
    await server.stop();
  }
}

async function withDatabase<T>(work: (database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await createDatabase();
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}

const told = (code: string, message: unknown) => ({ extensions: { code }, message });

describe('a lock', () => {
  const database = databasePerFile();
  const reason = 'The database keeps the question waiting for a lock on `chats`.';

  test('is named with its table, by the error and by readiness', () =>
    withSubgraph(database.url, ({ ask, readyz }) =>
      whileLocked(database.pool, 'chats', async () => {
        const { errors, data } = await ask('{ chats { edges { cursor } } chatDebugSnapshots(chatIds: []) { chatId } }');
        const held =
          /lock on `chats`\. It is held by a session without a name, idle in transaction, in a transaction of \d+ s\. End/;
        expect(errors).toMatchObject([told('QUERY_TIMED_OUT', expect.stringMatching(held))]);
        expect(data).toBeNull();
        expect(await readyz()).toEqual([503, reason]);
      }),
    ));

  test('that a change of the schema waits for behind a report is named as well, and forgotten with it', () =>
    withSubgraph(database.url, async ({ ask, readyz }) => {
      const report = await database.pool.connect();
      await report.query(`SET application_name = 'a report'`);
      await report.query('BEGIN');
      await report.query('SELECT count(*) FROM chats');
      const change = database.pool.query('ALTER TABLE chats ADD COLUMN note text');
      await untilTrue(
        database.pool,
        'the change of the schema waits',
        `SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`,
      );
      const held = `${reason} It is held by the session \`a report\`, idle in transaction, in a transaction of`;
      expect((await ask(CHATS)).errors).toMatchObject([told('QUERY_TIMED_OUT', expect.stringContaining(held))]);
      const { errors, text } = await ask(CHATS, {}, user(randomUUID()));
      expect(errors).toMatchObject([told('QUERY_TIMED_OUT', expect.stringContaining(`${reason} End the`))]);
      expect(text).not.toMatch(/report|held by/);
      expect(await readyz()).toEqual([503, reason]);
      await report.query('ROLLBACK');
      report.release();
      await change;
      expect((await ask(CHATS)).errors).toEqual([]);
      expect(await readyz()).toEqual([200, 'ok']);
    }));

  test('on the replicas leaves those that were read last', () =>
    withSubgraph(database.url, async ({ ask }) => {
      const id = await insertReplica(database.pool);
      const before = await ask('{ replicas { id } }');
      expect(before.data?.replicas).toContainEqual({ id });
      const during = await whileLocked(database.pool, 'replicas', () => ask('{ replicas { id } }'));
      expect(during.data).toEqual(before.data);
    }));
});

describe('a question that takes too long', () => {
  const database = databasePerFile();
  let client: DatabaseClient;
  beforeAll(() => {
    client = connectDatabase({ url: database.url, timeoutMs: TIMEOUT_MS, clock: systemClock, log });
  });
  afterAll(() => client.close());

  async function askSlowly(question: string): Promise<unknown> {
    const inquire = makeInquiry({ url: database.url, limitMs: inquiryMs(TIMEOUT_MS), judge: () => OWN });
    const reading = openReading({ prisma: client.prisma, timeoutMs: TIMEOUT_MS, log, inquire });
    try {
      const [asked, next] = await Promise.allSettled([
        reading.ask(question, (tx) => tx.$queryRaw`SELECT true FROM pg_sleep(60)`),
        reading.ask('chatRows', (tx) => tx.$queryRaw`SELECT true`),
      ]);
      if (asked.status === 'fulfilled' || next.status === 'fulfilled') throw new Error('It was quick');
      expect(next.reason).toEqual(asked.reason); // it fails for the same reason
      return asked.reason;
    } finally {
      await reading.close();
    }
  }

  test('is told from a database that is away', async () => {
    const message = 'The database took longer than this service waits. Ask for less, or raise `DATABASE_TIMEOUT_MS`.';
    expect(await askSlowly('queueDepths')).toMatchObject(told('QUERY_TIMED_OUT', message));
  });

  test('names the index that it wants, where the database lacks it', async () => {
    await database.pool.query('DROP INDEX chat_queued_messages_chat_id_position_idx');
    expect(await askSlowly('queueDepths')).toMatchObject(
      told(
        'QUERY_TIMED_OUT',
        expect.stringContaining('it lacks the index `chat_queued_messages (chat_id, "position")`'),
      ),
    );
    expect(await askSlowly('heartbeatRows')).toMatchObject(
      told('QUERY_TIMED_OUT', expect.not.stringContaining('index')),
    );
  });

  test('names none that only another question wants', async () => {
    await database.pool.query('DROP INDEX chat_messages_chat_id_role_deleted_idx');
    const named = told('QUERY_TIMED_OUT', expect.stringContaining('`chat_messages (chat_id, role, deleted)`'));
    expect(await askSlowly('messageCounts')).toMatchObject(named);
    for (const question of ['openCalls', 'lastMessages', 'turns']) {
      expect(await askSlowly(question)).toMatchObject(told('QUERY_TIMED_OUT', expect.not.stringContaining('index')));
    }
  });

  test('may want any index of the migrations but those of writers', async () => {
    const { rows } = await database.pool.query<{ table: string; keys: string }>(
      `SELECT tablename AS table, split_part(indexdef, ' USING btree ', 2) AS keys FROM pg_indexes
       WHERE schemaname = 'public' AND tablename = ANY ($1)`,
      [WANTED_INDEXES.own.map(({ table }) => table)],
    );
    const there = rows.map(({ table, keys }) => `${table} ${keys}`);
    const ofWriters = ['chat_heartbeats (heartbeat_at)', 'chat_queued_messages (id)'];
    const wanted = WANTED_INDEXES.own.map(({ table, keys }) => `${table} ${keys}`);
    const dropped = ['chat_queued_messages (chat_id, "position")', 'chat_messages (chat_id, role, deleted)'];
    expect([...there, ...dropped].sort()).toEqual([...wanted, ...ofWriters].sort());
  });
});

describe('a database of another form', () => {
  test.each([
    ['ALTER TABLE chats DROP COLUMN retry_state CASCADE', '`chats.retry_state`'],
    ['ALTER TABLE chats RENAME TO conversations', '`chats`'],
  ])('names what it cannot do without after %s', (change, name) =>
    withDatabase((database) =>
      withSubgraph(database.url, async ({ ask, readyz }) => {
        await database.pool.query(change);
        const { errors } = await ask(CHATS);
        const reason = `The database lacks ${name}, which this service reads.`;
        expect(errors).toMatchObject([told('SCHEMA_UNSUPPORTED', expect.stringContaining(reason))]);
        expect(await readyz()).toEqual([503, reason]);
      }),
    ),
  );
});

describe('a database that lets nobody in', () => {
  const database = databasePerFile();
  /** A role of its own, so that no other connection of the tests is kept out. */
  async function asRole(options: string, grant: boolean): Promise<{ url: string; drop(): Promise<unknown> }> {
    const name = `reader_${randomUUID().replaceAll('-', '')}`;
    await database.pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'test' ${options}`);
    if (grant) await database.pool.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name}`);
    const url = new URL(database.url);
    url.username = name;
    return { url: url.href, drop: () => database.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`) };
  }

  test('and has no connection left says so', async () => {
    const reason = 'The database has no connection left for this service.';
    const role = await asRole('CONNECTION LIMIT 1', true);
    const other = new pg.Client(role.url);
    await other.connect();
    await withSubgraph(role.url, async ({ ask, readyz }) => {
      expect((await ask(CHATS)).errors).toMatchObject([told('DATABASE_UNAVAILABLE', expect.stringContaining(reason))]);
      expect(await readyz()).toEqual([503, reason]);
    });
    await other.end();
    await role.drop();
  });

  test('or lets the service read nothing names all tables, so that one GRANT mends it', async () => {
    const role = await asRole('', false);
    await withSubgraph(role.url, async ({ ask, readyz }) => {
      const reason = 'The database does not let this service read `chats`';
      expect((await ask(CHATS)).errors).toMatchObject([told('SCHEMA_UNSUPPORTED', expect.stringContaining(reason))]);
      const others = ['chat_messages', 'chat_queued_messages', 'chat_heartbeats', 'replicas', 'chat_events'];
      expect(await readyz()).toEqual([503, `${reason}, ${others.map((name) => `\`${name}\``).join(', ')}.`]);
    });
    await role.drop();
  });
});
