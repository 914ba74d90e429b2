/** `npm run check` on views over tables of somebody else: what they show that nobody can use, and views that fail. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { runScript } from '../support/command.ts';
import { databasePerFile } from '../support/database.ts';

const database = databasePerFile('template0');

beforeAll(() =>
  database.pool.query(`
    CREATE TABLE threads (id uuid, state text, touched timestamp, note text);
    CREATE TABLE notes (id bigserial, thread uuid, author text);
    CREATE TABLE processes (id uuid, address text, beat timestamptz, stopped timestamptz);
    CREATE FUNCTION title(note text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      IF note = 'raises' THEN RAISE EXCEPTION 'the words of a person'; END IF;
      IF note = 'sleeps' THEN PERFORM pg_sleep(10); END IF; RETURN note; END $$;
    CREATE VIEW chats AS SELECT id, NULL::uuid AS owner_id, title(note) AS title, state AS status, NULL::boolean AS archived,
      NULL::uuid AS worker_id, NULL::uuid AS runner_id, NULL::uuid AS parent_chat_id, NULL::uuid AS root_chat_id,
      NULL::bigint AS snapshot_version, NULL::bigint AS history_version, NULL::bigint AS queue_version,
      NULL::bigint AS generation_attempt, NULL::jsonb AS retry_state, NULL::bigint AS retry_state_version,
      NULL::jsonb AS last_error, NULL::timestamp AS requires_action_deadline_at, touched AS created_at, touched AS updated_at FROM threads;
    CREATE VIEW chat_messages AS SELECT id, thread AS chat_id, author AS role, NULL::boolean AS deleted, NULL::jsonb AS content,
      NULL::timestamptz AS created_at FROM notes;
    CREATE VIEW chat_queued_messages AS SELECT NULL::uuid AS chat_id, NULL::timestamptz AS created_at WHERE false;
    CREATE VIEW chat_heartbeats AS SELECT NULL::uuid AS chat_id, NULL::uuid AS runner_id, NULL::timestamptz AS heartbeat_at WHERE false;
    CREATE VIEW replicas AS SELECT id, beat AS started_at, stopped AS stopped_at, beat AS updated_at,
      'h' AS hostname, address AS relay_address, '1' AS version, 0 AS region_id, '' AS error FROM processes`),
);
beforeEach(() => database.pool.query('TRUNCATE threads, notes, processes'));

interface Report {
  readonly answers: string;
  readonly toCorrect: readonly string[];
  readonly unknown: readonly string[];
}

async function report(
  settings: Readonly<Record<string, string>> = {},
): Promise<Report & { code: number; text: string }> {
  const { stdout, stderr, code } = await runScript(
    'dist/cli/check.js',
    ['--database', database.url, '--json'],
    settings,
  );
  return { ...(JSON.parse(stdout) as Report), code, text: stdout + stderr };
}

test('rows that can all be used, and none at all, are nothing to correct', async () => {
  expect(await report()).toMatchObject({ answers: 'ALL', toCorrect: [], code: 0 });
  await database.pool.query(`INSERT INTO threads VALUES ($1, 'waiting', now(), 'a')`, [randomUUID()]);
  await database.pool.query(`INSERT INTO notes (thread, author) VALUES ($1, 'user')`, [randomUUID()]);
  await database.pool.query(
    `INSERT INTO processes VALUES ($1, 'http://10.0.0.1:80', now(), NULL), ($1, NULL, now(), now())`,
    [randomUUID()],
  );
  expect(await report()).toMatchObject({ answers: 'ALL', toCorrect: [], code: 0 });
});

test('what nobody can use is named with its number, and its words where they are those of a state or a role', async () => {
  const { pool } = database;
  await pool.query(
    `INSERT INTO threads VALUES (NULL, 'waiting', now()), ($1, 'paused', NULL), ($2, NULL, now() + interval '5 h')`,
    [randomUUID(), randomUUID()],
  );
  await pool.query(`INSERT INTO notes (thread, author) VALUES ($1, 'human'), (NULL, 'user')`, [randomUUID()]);
  await pool.query(`INSERT INTO processes VALUES ($1, 'worker-7:80', now()), (NULL, 'http://10.0.0.1', NULL)`, [
    randomUUID(),
  ]);
  const { toCorrect, code } = await report();
  expect(code).toBe(1);
  expect(toCorrect.map((sentence) => sentence.replaceAll('`', ''))).toEqual([
    'chats.id is null: the row is left out. So it is in 1 of 3 rows.',
    'chats.status is none of waiting, running, interrupting, requires_action, error: the chat is INVALID. So it is in 2 of 3 rows ("paused").',
    'chats.updated_at is null: the chat cannot be judged. So it is in 1 of 3 rows.',
    'chats.updated_at lies ahead of the clock of the database: a time without time zone is taken for UTC. So it is in 1 of 3 rows.',
    'chat_messages.chat_id is null: the message is of no chat. So it is in 1 of 2 rows.',
    'chat_messages.role is none of user, assistant, tool, system: nobody can tell who spoke last. So it is in 1 of 2 rows ("human").',
    'replicas.id is null: the row is left out. So it is in 1 of 2 rows.',
    'replicas.updated_at is null: the replica is not alive. So it is in 1 of 2 rows.',
    'replicas.relay_address is no http or https URL: the worker is not asked. So it is in 1 of 2 rows.',
  ]);
});

test('a view that shows a chat twice, as a join may, is named', async () => {
  await database.pool.query(`INSERT INTO threads VALUES ($1, 'waiting', now()), ($1, 'waiting', now())`, [
    randomUUID(),
  ]);
  expect((await report()).toCorrect).toEqual([
    '`chats.id` is that of another row: lists show the chat twice. So it is in 1 of 2 rows.',
  ]);
});

test('a table in place of a view is not taken for one of this project without a word', async () => {
  const { pool } = database;
  await pool.query('ALTER VIEW chats RENAME TO shown; CREATE TABLE chats AS SELECT * FROM shown');
  try {
    const said = 'Nothing marks `chats` as a table of this project. If the tables are yours, set PLATFORM=views.';
    expect((await report()).toCorrect).toEqual([said]);
    expect(await report({ PLATFORM: 'views' })).toMatchObject({ answers: 'ALL', toCorrect: [], code: 0 });
  } finally {
    await pool.query('DROP TABLE chats; ALTER VIEW shown RENAME TO chats');
  }
});

test('a view that fails over a row is named with the state, without the words of the row; the others are looked at', async () => {
  await database.pool.query(`INSERT INTO threads VALUES ($1, 'waiting', now(), 'raises')`, [randomUUID()]);
  await database.pool.query(`INSERT INTO notes (thread, author) VALUES ($1, 'human')`, [randomUUID()]);
  const { toCorrect, code, text } = await report();
  expect(code).toBe(1);
  expect(toCorrect).toEqual([
    expect.stringMatching(/^View `chats` fails over its first 1,000 rows \(SQLSTATE P0001\)/),
    expect.stringMatching(/^`chat_messages.role` is none of/),
  ]);
  expect(text).not.toContain('the words of a person');
});

test('a slow view is named with the time that it has', async () => {
  await database.pool.query(`INSERT INTO threads VALUES ($1, 'waiting', now(), 'sleeps')`, [randomUUID()]);
  const { toCorrect } = await report({ DATABASE_TIMEOUT_MS: '1000' });
  expect(toCorrect).toEqual([
    'View `chats` takes longer for its first 1,000 rows than DATABASE_TIMEOUT_MS (1000 ms) allows. Lists would fail.',
  ]);
});

test('a view that shows what the asking role may see is named: the check cannot look behind it', async () => {
  await database.pool.query('ALTER VIEW chats SET (security_invoker = true)');
  try {
    expect((await report()).unknown.join('\n')).toContain('Whether policies hide rows behind `chats`');
  } finally {
    await database.pool.query('ALTER VIEW chats RESET (security_invoker)');
  }
});
