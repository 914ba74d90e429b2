/** The table of events, and the net that writes to it for everybody. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { STATE_OF_CODE } from '../../domain/chatEvents.ts';
import { EXECUTION_STATES, executionState } from '../../domain/executionState.ts';
import { applyMigrations } from '../../prisma/migrations.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { eventsOf, expectKept } from '../support/chatEvents.ts';
import { createDatabase, databasePerFile } from '../support/database.ts';
import { until } from '../support/until.ts';

const database = databasePerFile();

const made = async (columns = '', values = ''): Promise<string> => {
  const { rows } = await database.pool.query(
    `INSERT INTO chats (owner_id${columns}) VALUES (gen_random_uuid()${values}) RETURNING id`,
  );
  return rows[0].id;
};
const queue = (id: string) =>
  database.pool.query(
    `INSERT INTO chat_queued_messages (chat_id, content, position, created_by) VALUES ($1, '{}', 1, gen_random_uuid())`,
    [id],
  );

/** Statements in one transaction that first tells these settings. */
async function telling(settings: Record<string, string>, ...statements: string[]): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    for (const [name, value] of Object.entries(settings)) {
      await client.query('SELECT set_config($1, $2, true)', [`chat_debug.${name}`, value]);
    }
    for (const sql of statements) await client.query(sql);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

test('states in the table and in the domain are the same for every combination of columns', async () => {
  const { rows } = await database.pool.query(
    `SELECT status::text, archived, depth AS "queueDepth", chat_event_state(status::text, archived, depth > 0)::text AS code
     FROM unnest(enum_range(NULL::chat_status)::text[] || '{constructor,""}'::text[]) AS status,
       unnest('{t,f}'::bool[]) AS archived, unnest('{0,1,5}'::int[]) AS depth`,
  );
  expect(rows).toHaveLength(10 * 2 * 3);
  for (const { code, ...chat } of rows) expect([chat, STATE_OF_CODE[code]]).toEqual([chat, executionState(chat)]);
  expect(Object.values(STATE_OF_CODE).toSorted()).toEqual([...EXECUTION_STATES].toSorted());
});

describe('a change by hand', () => {
  test('is counted up and told as it is committed, by nobody known', async () => {
    const id = await made();
    const [worker, runner] = [randomUUID(), randomUUID()];
    await database.pool.query(`UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3 WHERE id = $1`, [
      ...[id, worker, runner],
    ]);
    await database.pool.query('UPDATE chats SET worker_id = NULL, runner_id = NULL WHERE id = $1', [id]);
    const nobody = { workerId: null, runnerId: null, previousWorkerId: null, previousRunnerId: null };
    const plain = { ...nobody, by: 'u', actorId: null, transitions: [], detail: null };
    const counts = { generationAttempt: 0, queueDepth: 0 };
    expect(await eventsOf(database.pool, id)).toEqual([
      { ...plain, ...counts, snapshotVersion: 1, fromState: null, toState: 'W' },
      { ...plain, ...counts, snapshotVersion: 2, fromState: 'W', toState: 'R0', workerId: worker, runnerId: runner },
      {
        ...{ ...plain, ...counts, snapshotVersion: 3, fromState: 'R0', toState: 'R0' },
        ...{ previousWorkerId: worker, previousRunnerId: runner },
      },
    ]);
  });

  test('of thousands of chats in one statement has one event a chat', async () => {
    await database.pool.query(
      `INSERT INTO chats (owner_id, title) SELECT gen_random_uuid(), 'many' FROM generate_series(1, 2000)`,
    );
    await database.pool.query(`UPDATE chats SET status = 'error' WHERE title = 'many'`);
    const { rows } = await database.pool.query(
      `SELECT count(*)::int, count(DISTINCT chat_id)::int AS chats, min(chats.snapshot_version)::int, max(chats.snapshot_version)::int
       FROM chat_events events JOIN chats ON chats.id = chat_id WHERE title = 'many' AND to_state = 'e'
         AND events.snapshot_version = chats.snapshot_version`,
    );
    expect(rows).toEqual([{ count: 2000, chats: 2000, min: 2, max: 2 }]);
  });

  test('of the queue alone is one too, also where the version of the queue is the same already', async () => {
    const id = await made(', status', `, 'running'`);
    await queue(id);
    await queue(id);
    await database.pool.query('DELETE FROM chat_queued_messages WHERE chat_id = $1', [id]);
    const events = await eventsOf(database.pool, id);
    expect(events.map(({ toState, queueDepth }) => [toState, queueDepth])).toEqual([
      ...[['R0', 0] as const, ['R1', 1] as const, ['R1', 2] as const, ['R0', 0] as const],
    ]);
    const { rows } = await database.pool.query('SELECT snapshot_version, queue_version FROM chats WHERE id = $1', [id]);
    expect(rows).toEqual([{ snapshot_version: '4', queue_version: '4' }]);
  });

  test('of a hundred thousand queued messages is one, and costs a look at the queue', async () => {
    const id = await made(', status', `, 'running'`);
    await database.pool.query(
      `INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
       SELECT $1, '{}', i, gen_random_uuid() FROM generate_series(1, 100000) AS i`,
      [id],
    );
    await database.pool.query('DELETE FROM chat_queued_messages WHERE chat_id = $1', [id]);
    const events = await eventsOf(database.pool, id);
    expect(events.map(({ queueDepth }) => queueDepth)).toEqual([0, 100_000, 0]);
  });

  test.each([
    ['the time of the last change', `updated_at = now() - interval '1 hour'`],
    ['the title', `title = 'another'`],
    ['nothing at all', 'status = status'],
  ])('of %s is none', async (_, set) => {
    const id = await made();
    await database.pool.query(`UPDATE chats SET ${set} WHERE id = $1`, [id]);
    expect(await eventsOf(database.pool, id)).toHaveLength(1);
  });

  test('that was rolled back, or that came to nothing since the chat was deleted, leaves nothing', async () => {
    const id = await made();
    await telling({}, `UPDATE chats SET status = 'error' WHERE id = '${id}'`, 'ROLLBACK', 'BEGIN');
    await expectKept(database.pool, id);
    await telling({}, `UPDATE chats SET status = 'error' WHERE id = '${id}'`, `DELETE FROM chats WHERE id = '${id}'`);
    expect(await eventsOf(database.pool, id)).toEqual([]);
  });

  test('at the largest version, and back from it, goes on as before', async () => {
    const id = await made();
    for (const version of ['9223372036854775807', '-5', '3']) {
      await database.pool.query(`UPDATE chats SET status = 'running', snapshot_version = ${version} WHERE id = $1`, [
        id,
      ]);
      await database.pool.query(`UPDATE chats SET status = 'error' WHERE id = $1`, [id]);
    }
    const { rows } = await database.pool.query(
      'SELECT count(*)::int, count(DISTINCT snapshot_version)::int AS versions FROM chat_events WHERE chat_id = $1',
      [id],
    );
    expect(rows).toEqual([{ count: 2, versions: 2 }]);
  });

  test('is told without the words of an error, whatever stands in the row', async () => {
    const id = await made();
    const set = (column: string, value: unknown) =>
      database.pool.query(`UPDATE chats SET ${column} = $2 WHERE id = $1`, [id, JSON.stringify(value)]);
    await set('last_error', {
      kind: 'rate_limit',
      message: 'canary',
      provider: 'canary',
      status_code: 429,
      retryable: true,
    });
    await set('last_error', { kind: 'Canary, a text', status_code: 'canary', retryable: 'canary' });
    await set('last_error', { status_code: 1e300 });
    await set('last_error', ['canary']);
    await set('retry_state', {
      attempt: 2,
      error: 'canary',
      kind: 'network',
      retrying_at: '2026-12-05T03:00:01.5+00:00',
    });
    await set('retry_state', { retrying_at: 'the canary comes back at 2026-12-05T03:00:01' });
    expect((await eventsOf(database.pool, id)).map(({ detail }) => detail)).toEqual([
      ...[null, { kind: 'rate_limit', status_code: 429, retryable: true }, null, null, null],
      ...[{ kind: 'network', retrying_at: '2026-12-05T03:00:01.5+00:00' }, null],
    ]);
  });
});

describe('a transaction', () => {
  test('may tell by whom it is, and which transitions it makes', async () => {
    const id = await made(', status', `, 'running'`);
    const actor = randomUUID();
    await telling(
      { by: 'person', actor_id: actor, transitions: 'commitStep,finishTurn' },
      `UPDATE chats SET snapshot_version = snapshot_version + 1 WHERE id = '${id}'`,
      `UPDATE chats SET status = 'waiting' WHERE id = '${id}'`,
    );
    await database.pool.query(`UPDATE chats SET status = 'running' WHERE id = $1`, [id]);
    const events = await eventsOf(database.pool, id);
    expect(events.map(({ by, actorId, transitions }) => ({ by, actorId, transitions }))).toEqual([
      { by: 'u', actorId: null, transitions: [] },
      { by: 'p', actorId: actor, transitions: ['commitStep', 'finishTurn'] },
      { by: 'u', actorId: null, transitions: [] },
    ]);
  });

  test('that tells what is not to be understood is by nobody known, and is not refused', async () => {
    const id = await made();
    const told = { by: 'somebody', actor_id: 'Canary', transitions: "a canary; '); DROP" };
    await telling(told, `UPDATE chats SET status = 'error' WHERE id = '${id}'`);
    expect((await eventsOf(database.pool, id))[1]).toMatchObject({ by: 'u', actorId: null, transitions: [] });
  });

  test('that writes its events itself is left alone', async () => {
    const id = await made();
    await telling(
      { events: 'written' },
      `WITH counted AS (UPDATE chats SET snapshot_version = 2, status = 'error' WHERE id = '${id}' RETURNING id)
       INSERT INTO chat_events (chat_id, snapshot_version, generation_attempt, queue_depth, by, from_state, to_state, transitions)
       SELECT id, 2, 0, 0, 'w', 'w', 'e', '{finishError}' FROM counted`,
    );
    await database.pool.query(`UPDATE chats SET status = 'running' WHERE id = $1`, [id]);
    expect((await eventsOf(database.pool, id)).map(({ transitions, toState }) => [transitions, toState])).toEqual([
      ...[[[], 'W'] as const, [['finishError'], 'E0'] as const, [[], 'R0'] as const],
    ]);
  });

  test('after a time without history begins anew, and says so', async () => {
    const id = await made();
    await telling({ events: 'off' }, `UPDATE chats SET status = 'error', snapshot_version = 5 WHERE id = '${id}'`);
    await database.pool.query(`UPDATE chats SET status = 'running' WHERE id = $1`, [id]);
    await database.pool.query(`UPDATE chats SET status = 'error' WHERE id = $1`, [id]);
    expect(
      (await eventsOf(database.pool, id)).map(({ snapshotVersion, fromState, toState }) => [
        snapshotVersion,
        fromState,
        toState,
      ]),
    ).toEqual([
      [1, null, 'W'],
      [6, null, 'R0'],
      [7, 'R0', 'E0'],
    ]);
  });
});

test('a chat that is deleted takes its events along', async () => {
  const id = await made();
  await database.pool.query('DELETE FROM chats WHERE id = $1', [id]);
  expect(await eventsOf(database.pool, id)).toEqual([]);
});

test('a chat that is deleted while its worker writes takes that event along as well', async () => {
  const id = await made();
  const [worker, other] = await Promise.all([database.pool.connect(), database.pool.connect()]);
  try {
    await worker.query('BEGIN');
    await worker.query(`UPDATE chats SET status = 'error' WHERE id = $1`, [id]);
    const deleted = other.query('DELETE FROM chats WHERE id = $1', [id]);
    await until('the deletion waits for the worker', async () => {
      const { rows } = await database.pool.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM chats%'`,
      );
      return rows.length === 1;
    });
    await worker.query('COMMIT');
    await deleted;
  } finally {
    worker.release();
    other.release();
  }
  expect(await eventsOf(database.pool, id)).toEqual([]);
});

test('a table of chats that is emptied takes the events along', async () => {
  const copy = await createDatabase();
  try {
    const { rows } = await copy.pool.query('INSERT INTO chats (owner_id) VALUES (gen_random_uuid()) RETURNING id');
    expect(await eventsOf(copy.pool, rows[0].id)).toHaveLength(1);
    await copy.pool.query('TRUNCATE chats CASCADE');
    expect((await copy.pool.query('SELECT FROM chat_events')).rowCount).toBe(0);
  } finally {
    await copy.drop();
  }
});

test('whoever may change chats needs no right on the events, and cannot put a table in their place', async () => {
  const role = `worker_${randomUUID().slice(0, 8)}`;
  const { pool, url } = database;
  await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test';
    GRANT SELECT, INSERT, UPDATE, DELETE ON chats, chat_messages, chat_queued_messages, chat_heartbeats, replicas TO ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
  const own = new pg.Pool({
    connectionString: Object.assign(new URL(url), { username: role, password: 'test' }).href,
    max: 1,
  });
  try {
    await own.query('CREATE TEMPORARY TABLE chat_events (chat_id uuid)');
    const store = new ChatStore(own);
    const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
    await store.apply(id, { name: 'interrupt' });
    await expectKept(pool, id);
    expect((await own.query('SELECT FROM chat_events')).rowCount).toBe(0);
    await expect(own.query('SELECT FROM public.chat_events')).rejects.toMatchObject({ code: '42501' });
    await own.query('DELETE FROM chats WHERE id = $1', [id]);
  } finally {
    await own.end();
    await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('the history of a chat from before begins with the migration', async () => {
  const copy = await createDatabase();
  const client = await copy.pool.connect();
  try {
    const worker = randomUUID();
    const { rows } = await client.query(
      `INSERT INTO chats (owner_id, status, snapshot_version, generation_attempt, worker_id, runner_id)
       VALUES (gen_random_uuid(), 'running', 9, 2, $1, $1) RETURNING id`,
      [worker],
    );
    await client.query(
      `INSERT INTO chat_queued_messages (chat_id, content, position, created_by) VALUES ($1, '{}', 1, $1)`,
      [rows[0].id],
    );
    await client.query('UPDATE chats SET snapshot_version = 12');
    await client.query(`
      DROP TABLE chat_events; DROP FUNCTION chat_event CASCADE; DROP FUNCTION chat_event_state; DROP FUNCTION chat_event_detail;
      DELETE FROM _prisma_migrations WHERE migration_name = '20261205000000_chat_events'`);
    expect(await applyMigrations(client)).toEqual(['20261205000000_chat_events']);
    await client.query(`UPDATE chats SET status = 'interrupting'`);
    expect(await eventsOf(client, rows[0].id)).toMatchObject([
      {
        snapshotVersion: 12,
        transitions: ['baseline'],
        fromState: null,
        toState: 'R1',
        workerId: worker,
        generationAttempt: 2,
      },
      { snapshotVersion: 13, transitions: [], fromState: 'R1', toState: 'I1', queueDepth: 1, workerId: null },
    ]);
  } finally {
    client.release();
    await copy.drop();
  }
});
