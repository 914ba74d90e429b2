/** Rows of views in which something is not known or odd: it costs only itself, and the chat is found where it is in trouble. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile('template0');
const ask = subgraphPerFile(database, { platform: 'views', acquisitionIntervalSeconds: 1 });
const NOBODY = '00000000-0000-0000-0000-000000000000';

beforeAll(() =>
  database.pool.query(`
    CREATE TABLE threads (id uuid, owner uuid, state text, worker uuid, runner uuid, made timestamp, touched timestamp, version numeric);
    CREATE TABLE notes (id bigserial, thread uuid, author text, gone boolean);
    CREATE TABLE leases (thread uuid, runner uuid, at timestamp);
    CREATE TABLE processes (id uuid, beat timestamptz);
    CREATE VIEW chats AS SELECT id, owner AS owner_id, 'a' AS title, state AS status, NULL::boolean AS archived,
      worker AS worker_id, runner AS runner_id, NULL::uuid AS parent_chat_id, NULL::uuid AS root_chat_id,
      version AS snapshot_version, NULL::bigint AS history_version, NULL::bigint AS queue_version,
      NULL::bigint AS generation_attempt, NULL::jsonb AS retry_state, NULL::bigint AS retry_state_version,
      NULL::jsonb AS last_error, NULL::timestamp AS requires_action_deadline_at, made AS created_at, touched AS updated_at FROM threads;
    CREATE FUNCTION body(author text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      IF author = 'raises' THEN RAISE EXCEPTION 'the words of a person'; END IF; RETURN '"hi"'; END $$;
    CREATE VIEW chat_messages AS SELECT id, thread AS chat_id, author AS role, gone AS deleted, body(author) AS content,
      now() AS created_at FROM notes;
    CREATE VIEW chat_queued_messages AS SELECT NULL::uuid AS chat_id, NULL::timestamptz AS created_at WHERE false;
    CREATE VIEW chat_heartbeats AS SELECT thread AS chat_id, runner AS runner_id, at AS heartbeat_at FROM leases;
    CREATE VIEW replicas AS SELECT id, beat AS started_at, NULL::timestamptz AS stopped_at, beat AS updated_at,
      'h' AS hostname, 'http://relay' AS relay_address, '1' AS version, 0 AS region_id, '' AS error FROM processes`),
);
beforeEach(() => database.pool.query('TRUNCATE threads, notes, leases, processes'));

/** Makes a thread. @param columns as SQL; left out: a healthy one at rest */
async function makeThread(columns: Readonly<Record<string, string>> = {}): Promise<string> {
  const id = randomUUID();
  const usual = {
    id: `'${id}'`,
    owner: `'${randomUUID()}'`,
    state: `'waiting'`,
    made: 'now()',
    touched: 'now()',
    version: '1',
  };
  const all = { ...usual, ...columns };
  await database.pool.query(`INSERT INTO threads (${Object.keys(all)}) VALUES (${Object.values(all)})`);
  return id;
}

interface Page {
  readonly edges: { readonly node: { readonly chatId: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}
const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.chatId);

async function listed(filter: string, more = ''): Promise<string[]> {
  const { data, errors } = await ask(`{ chats(filter: { ${filter} }${more}) { edges { node { chatId } } } }`);
  expect(errors).toEqual([]);
  return idsOf((data as { chats: Page }).chats);
}

describe('a chat', () => {
  test('without a status is found among the suspects, and among the chats in no known state', async () => {
    await makeThread();
    const odd = await makeThread({ state: 'NULL', worker: `'${randomUUID()}'` });
    expect(await listed('suspect: true')).toEqual([odd]);
    expect(await listed('executionState: [INVALID]')).toEqual([odd]);
    expect(await listed('owned: true')).toEqual([odd]);
  });

  test('without an owner has the id of nobody, and costs no other chat anything', async () => {
    const owner = randomUUID();
    const ids = [await makeThread({ owner: 'NULL' }), await makeThread({ owner: `'${owner}'` })];
    const { data, errors } = await ask(
      `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { ownerId } } }`,
      { ids },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({ chatDebugSnapshots: [NOBODY, owner].map((ownerId) => ({ database: { ownerId } })) });
    const asNobody = await ask(
      `{ chatDebugSnapshot(chatId: "${ids[0]}") { chatId } chats { edges { node { chatId } } } }`,
      {},
      user(NOBODY),
    );
    expect(asNobody.data).toEqual({ chatDebugSnapshot: null, chats: { edges: [] } });
  });

  test('without an id is left out of the lists', async () => {
    await makeThread({ id: 'NULL' });
    const id = await makeThread();
    expect(await listed('owned: false')).toEqual([id]);
  });

  test('with a version that is no whole number says so there', async () => {
    const ids = [
      await makeThread({ version: '1.5' }),
      await makeThread({ version: `'NaN'` }),
      await makeThread({ version: '2.0' }),
    ];
    const { data, errors } = await ask(
      `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { snapshotVersion unreadable } } }`,
      { ids },
    );
    expect(errors.map(({ extensions, path }) => [extensions.code, path?.[1]])).toEqual([
      ['VALUE_UNREADABLE', 0],
      ['VALUE_UNREADABLE', 1],
    ]);
    const odd = { database: { snapshotVersion: null, unreadable: ['snapshotVersion'] } };
    expect(data).toEqual({ chatDebugSnapshots: [odd, odd, { database: { snapshotVersion: 2, unreadable: [] } }] });
  });

  test('of which nobody knows when it was made has no such time, without an error', async () => {
    const id = await makeThread({ made: 'NULL' });
    const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${id}") { database { createdAt unreadable } } }`);
    expect(errors).toEqual([]);
    expect(data).toEqual({ chatDebugSnapshot: { database: { createdAt: null, unreadable: [] } } });
  });

  test.each([
    ['false', 'waiting'],
    ['true', 'running'],
  ])('without a time of its last change has its place in the list (suspect: %s)', async (suspect, state) => {
    const all = [];
    for (const touched of ['NULL', 'NULL', 'NULL', `now() - interval '1 h'`, `now() - interval '2 h'`]) {
      all.push(await makeThread({ touched, state: `'${state}'` }));
    }
    const found: string[] = [];
    for (let after: string | null = null; found.length < 10; ) {
      const { data, errors } = await ask(
        `query ($after: String) { chats(first: 1, after: $after, filter: { suspect: ${suspect} }) {
           edges { node { chatId } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      expect(errors).toEqual([]);
      const { edges, pageInfo } = (data as { chats: Page }).chats;
      found.push(...edges.map(({ node }) => node.chatId));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(found.toSorted()).toEqual(all.toSorted());
  });
});

test('a message without a role has the empty one, and one that is not known to be deleted is there', async () => {
  const id = await makeThread({ touched: `now() - interval '1 h'` });
  await database.pool.query(
    `INSERT INTO notes (thread, author, gone) VALUES ($1, 'assistant', false), ($1, NULL, NULL), ($1, NULL, false), ($1, 'user', NULL)`,
    [id],
  );
  const { data, errors } = await ask(
    `{ chatDebugSnapshot(chatId: "${id}") { database { messageStats { total deleted byRole { role count } } lastMessage { role } } } }`,
  );
  expect(errors).toEqual([]);
  const byRole = [
    { role: '', count: 2 },
    { role: 'assistant', count: 1 },
    { role: 'user', count: 1 },
  ];
  const messageStats = { total: 4, deleted: 0, byRole };
  expect(data).toEqual({ chatDebugSnapshot: { database: { messageStats, lastMessage: { role: 'user' } } } });
  expect(await listed('suspect: true')).toEqual([id]);
  await database.pool.query(`INSERT INTO notes (thread, author, gone) VALUES ($1, NULL, NULL)`, [id]);
  const later = await ask(`{ chatDebugSnapshot(chatId: "${id}") { database { lastMessage { role } } } }`);
  expect(later.data).toEqual({ chatDebugSnapshot: { database: { lastMessage: { role: '' } } } });
});

test('a lease of nobody is none', async () => {
  const id = await makeThread();
  await database.pool.query('INSERT INTO leases VALUES ($1, NULL, now())', [id]);
  const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${id}") { database { heartbeats { runnerId } } } }`);
  expect(errors).toEqual([]);
  expect(data).toEqual({ chatDebugSnapshot: { database: { heartbeats: [] } } });
});

test('a replica of which nobody knows when it was seen last is not alive, and one without an id is left out', async () => {
  const id = randomUUID();
  await database.pool.query('INSERT INTO processes VALUES ($1, NULL), (NULL, now())', [id]);
  const { data, errors } = await ask(
    `{ replicas { id isAlive } living: replicas(alive: true) { id } others: replicas(alive: false) { id } }`,
  );
  expect(errors).toEqual([]);
  expect(data).toEqual({ replicas: [{ id, isAlive: false }], living: [], others: [{ id }] });
});

test('a view that fails over a row is called so, with what to do and nothing of the row; other fields and chats are answered', async () => {
  const ids = [await makeThread(), await makeThread()];
  await database.pool.query(`INSERT INTO notes (thread, author, gone) VALUES ($1, 'raises', false)`, [ids[0]]);
  const fields = 'database { status messageStats { total } lastMessage { role } }';
  const { data, errors, text } = await ask(
    `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { status messageStats { total } } } }`,
    { ids },
  );
  expect([errors, data]).toEqual([
    [],
    { chatDebugSnapshots: [1, 0].map((total) => ({ database: { status: 'waiting', messageStats: { total } } })) },
  ]);
  expect(text).not.toContain('the words of a person');
  const { data: one } = await ask(`{ chatDebugSnapshot(chatId: "${ids[0]}") { ${fields} } }`);
  expect(one).toEqual({
    chatDebugSnapshot: { database: { status: 'waiting', messageStats: { total: 1 }, lastMessage: null } },
  });
  await database.pool.query(`ALTER TABLE threads ADD COLUMN note text`);
  await database.pool.query(`CREATE OR REPLACE VIEW chats AS SELECT id, owner AS owner_id, body(note)::text AS title, state AS status, NULL::boolean AS archived,
      worker AS worker_id, runner AS runner_id, NULL::uuid AS parent_chat_id, NULL::uuid AS root_chat_id,
      version AS snapshot_version, NULL::bigint AS history_version, NULL::bigint AS queue_version,
      NULL::bigint AS generation_attempt, NULL::jsonb AS retry_state, NULL::bigint AS retry_state_version,
      NULL::jsonb AS last_error, NULL::timestamp AS requires_action_deadline_at, made AS created_at, touched AS updated_at FROM threads`);
  await database.pool.query(`UPDATE threads SET note = 'raises' WHERE id = $1`, [ids[0]]);
  const failed = await ask('{ chats { edges { node { chatId database { title } } } } }');
  expect(failed.errors).toMatchObject([
    {
      path: ['chats'],
      extensions: { code: 'SCHEMA_UNSUPPORTED' },
      message: expect.stringMatching(/^A view fails over a row .*SQLSTATE P0001.*npm run check/),
    },
  ]);
  expect(failed.text).not.toContain('the words of a person');
});

test('a view whose column becomes one of another type is called so at once', async () => {
  await makeThread();
  expect((await ask('{ chats { edges { node { database { snapshotVersion } } } } }')).errors).toEqual([]);
  await database.pool.query(`
    DROP VIEW chats; CREATE VIEW chats AS SELECT id, owner AS owner_id, 'a' AS title, state AS status, 0 AS archived,
      worker AS worker_id, runner AS runner_id, NULL::uuid AS parent_chat_id, NULL::uuid AS root_chat_id,
      version AS snapshot_version, NULL::bigint AS history_version, NULL::bigint AS queue_version,
      NULL::bigint AS generation_attempt, NULL::jsonb AS retry_state, NULL::bigint AS retry_state_version,
      NULL::jsonb AS last_error, NULL::timestamp AS requires_action_deadline_at, made AS created_at, touched AS updated_at FROM threads`);
  const { errors } = await ask('{ chats { edges { node { database { snapshotVersion } } } } }');
  expect(errors).toMatchObject([{ path: ['chats'], extensions: { code: 'SCHEMA_UNSUPPORTED' } }]);
  expect(errors[0]?.message).toContain('`chats.archived`');
});
