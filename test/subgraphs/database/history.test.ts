/** The history of a chat in the graph: its events, and how long each owner held it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningServer } from '../../../server/app.ts';
import { createDatabase, databasePerFile } from '../../support/database.ts';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgresProxy.ts';
import { insertChat, insertReplica, queueMessages } from './support/rows.ts';
import { asking, start, user } from './support/subgraph.ts';

const database = databasePerFile();
let tap: PostgresProxy;
let server: RunningServer;
const ask = asking(() => server.url);
beforeAll(async () => {
  tap = await startPostgresProxy(database.url);
  server = await start({ databaseUrl: tap.url });
});
afterAll(async () => {
  await server.stop();
  await tap.close();
});

interface Told {
  by?: string;
  transitions?: string;
}

/** Changes a chat in one transaction, which may tell of itself. */
async function change(id: string, set: string, { by = '', transitions = '' }: Told = {}): Promise<void> {
  await database.pool.query(
    `WITH told AS (SELECT set_config('chat_debug.by', $2, true), set_config('chat_debug.transitions', $3, true))
     UPDATE chats SET ${set} FROM told WHERE id = $1`,
    [id, by, transitions],
  );
}

/** Puts the events of a chat so many seconds apart, the newest one now. */
const spread = (id: string, seconds: number) =>
  database.pool.query(
    `UPDATE chat_events SET at = date_trunc('second', now()) - $2::int * interval '1 s' * (
       (SELECT max(snapshot_version) FROM chat_events WHERE chat_id = $1) - snapshot_version) WHERE chat_id = $1`,
    [id, seconds],
  );

const EVENT = `id at ageSeconds snapshotVersion transitions by actorId fromState toState workerId runnerId generationAttempt
  queueDepth detail`;
const SPAN = 'workerId runnerId from until ageSeconds seconds ended stepsCommitted attempts ownerRow';

// biome-ignore lint/suspicious/noExplicitAny: the answer has the shape of the selection
const snapshot = async (id: string, fields: string, variables = {}, of = ask): Promise<any> => {
  const { data, errors } = await of(`query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${fields} } }`, {
    id,
    ...variables,
  });
  expect(errors).toEqual([]);
  return data?.chatDebugSnapshot;
};
const versions = (history: { edges: { node: { snapshotVersion: number } }[] }) =>
  history.edges.map(({ node }) => node.snapshotVersion);

describe('the events of a chat', () => {
  test('stand newest first, with all that is known of each', async () => {
    const id = await insertChat(database.pool, { status: 'running' });
    const [worker, runner] = [randomUUID(), randomUUID()];
    await change(id, `worker_id = '${worker}', runner_id = '${runner}'`, { by: 'worker', transitions: 'acquire' });
    await change(
      id,
      `status = 'error', last_error = '{"kind": "auth", "message": "canary", "status_code": 401, "retryable": false}'`,
      { by: 'worker', transitions: 'finishError' },
    );
    await queueMessages(database.pool, id, 2);
    const { history } = await snapshot(
      id,
      `history { edges { node { ${EVENT} } } pageInfo { hasNextPage hasPreviousPage } }`,
    );
    const plain = {
      ...{ id: expect.stringMatching(/^\d+$/), at: expect.any(String), ageSeconds: expect.any(Number) },
      ...{ actorId: null, generationAttempt: 0, queueDepth: 0, detail: null },
    };
    const owned = { workerId: worker, runnerId: runner };
    expect(history.edges.map(({ node }: { node: unknown }) => node)).toEqual([
      {
        ...{ ...plain, ...owned, snapshotVersion: 4, transitions: [], by: 'UNKNOWN' },
        ...{ fromState: 'E0', toState: 'E1', queueDepth: 2 },
      },
      {
        ...{ ...plain, ...owned, snapshotVersion: 3, transitions: ['finishError'], by: 'WORKER' },
        ...{ fromState: 'R0', toState: 'E0', detail: { kind: 'auth', status_code: 401, retryable: false } },
      },
      {
        ...{ ...plain, ...owned, snapshotVersion: 2, transitions: ['acquire'], by: 'WORKER' },
        ...{ fromState: 'R0', toState: 'R0' },
      },
      {
        ...{ ...plain, snapshotVersion: 1, transitions: [], by: 'UNKNOWN', fromState: null, toState: 'R0' },
        ...{ workerId: null, runnerId: null },
      },
    ]);
    expect(history.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false });
  });

  test('come page by page, and between two times', async () => {
    const id = await insertChat(database.pool);
    for (let i = 0; i < 9; i += 1) await change(id, `status = '${i % 2 ? 'waiting' : 'error'}'`);
    await spread(id, 60);
    const seen: number[] = [];
    let after: string | null = null;
    do {
      const { history } = await snapshot(
        id,
        `history(first: 4${after ? `, after: "${after}"` : ''}) { edges { node { snapshotVersion } } pageInfo { hasNextPage endCursor } }`,
      );
      seen.push(...versions(history));
      after = history.pageInfo.hasNextPage ? history.pageInfo.endCursor : null;
    } while (after);
    expect(seen).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);

    const { all } = await snapshot(id, 'all: history { edges { node { at snapshotVersion } } }');
    const at = new Map<number, string>(
      all.edges.map(({ node }: { node: { at: string; snapshotVersion: number } }) => [node.snapshotVersion, node.at]),
    );
    const between = async (since: string | undefined, until: string | undefined) => {
      const times = [since && `since: "${since}"`, until && `until: "${until}"`].filter((part) => part).join(', ');
      const { history } = await snapshot(id, `history(first: 100, ${times}) { edges { node { snapshotVersion } } }`);
      return versions(history);
    };
    expect(await between(at.get(4), at.get(7))).toEqual([6, 5, 4]);
    expect(await between(at.get(9), undefined)).toEqual([10, 9]);
    expect(await between(undefined, at.get(3))).toEqual([2, 1]);
    expect(await between(undefined, at.get(1))).toEqual([]);
    expect(await between('2999-01-01T00:00:00Z', undefined)).toEqual([]);
    expect(await between('1999-01-01T00:00:00Z', '2999-01-01T00:00:00Z')).toHaveLength(10);
    expect(await between('0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59')).toHaveLength(10);
  });

  test.each([
    ['a page of none', 'first: 0'],
    ['a page of too many', 'first: 101'],
    ['a cursor of another list', `after: "${Buffer.from('["newest",1]').toString('base64url')}"`],
  ])('are refused for %s', async (_, args) => {
    const id = await insertChat(database.pool);
    const { errors } = await ask(`{ chatDebugSnapshot(chatId: "${id}") { history(${args}) { edges { cursor } } } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' }, path: ['chatDebugSnapshot', 'history'] }]);
  });

  test('whose time or version cannot be said are left out', async () => {
    const id = await insertChat(database.pool);
    await change(id, `status = 'error'`);
    await change(id, `status = 'running', snapshot_version = 9007199254740993`);
    await database.pool.query(`UPDATE chat_events SET at = 'infinity' WHERE chat_id = $1 AND snapshot_version = 2`, [
      id,
    ]);
    const { history } = await snapshot(id, 'history { edges { node { snapshotVersion } } }');
    expect(versions(history)).toEqual([1]);
  });
});

describe('the owners of a chat', () => {
  const take = (id: string, by = 'worker') =>
    change(id, 'worker_id = gen_random_uuid(), runner_id = gen_random_uuid()', { by, transitions: 'acquire' });
  const NOBODY = 'worker_id = NULL, runner_id = NULL';

  test('are told with the time, the steps and the end of each', async () => {
    const id = await insertChat(database.pool, { status: 'running' });
    const attempt = () => change(id, 'generation_attempt = generation_attempt + 1');
    const commit = () => change(id, 'generation_attempt = 0');
    await take(id); // 2
    for (const step of [attempt, attempt, commit, attempt]) await step(); // 3 to 6
    await change(id, NOBODY, { by: 'worker', transitions: 'abandon' }); // 7
    await take(id); // 8
    await take(id); // 9
    await change(id, 'generation_attempt = 0', { by: 'worker', transitions: 'commitStep' }); // 10
    await change(id, NOBODY, { by: 'operator', transitions: 'abandon' }); // 11
    await take(id, ''); // 12
    await attempt(); // 13
    await change(id, `status = 'waiting', generation_attempt = 0`); // 14
    await change(id, NOBODY); // 15
    await change(id, `status = 'running'`); // 16
    await take(id); // 17
    await spread(id, 10);
    const { ownership, recentOwners } = await snapshot(id, `ownership { ${SPAN} } recentOwners { ${SPAN} }`);
    expect(recentOwners).toEqual(ownership);
    for (const { ageSeconds, from, until } of ownership)
      expect(ageSeconds).toBeGreaterThanOrEqual(until === null ? 0 : (Date.parse(until) - Date.parse(from)) / 1000);
    expect(
      ownership.map(({ seconds, ended, stepsCommitted, attempts, until }: Record<string, unknown>) => [
        ...[until === null ? 'lasts' : Math.round(Number(seconds)), ended, stepsCommitted, attempts],
      ]),
    ).toEqual([
      ['lasts', null, 0, 0],
      [30, 'FINISHED', 1, 1],
      [20, 'RELEASED', 1, 0],
      [10, 'TAKEN_OVER', 0, 0],
      [50, 'HANDED_OVER', 1, 3],
    ]);
    const { database: row } = await snapshot(id, 'database { workerId runnerId }');
    expect(ownership[0]).toMatchObject(row);
    const { two } = await snapshot(id, `two: ownership(first: 2) { ${SPAN} }`);
    const later = { ageSeconds: expect.any(Number) };
    expect(two).toEqual([
      { ...ownership[0], ...later, seconds: expect.any(Number) },
      { ...ownership[1], ...later },
    ]);
  });

  test('are told with what has become of their processes', async () => {
    const { pool } = database;
    const replicas = [
      await insertReplica(pool),
      await insertReplica(pool, { updated_at: `now() - interval '1 hour'` }),
      await insertReplica(pool, { stopped_at: 'now()' }),
      randomUUID(),
    ];
    const id = await insertChat(pool, { status: 'running' });
    for (const worker of replicas) await change(id, `worker_id = '${worker}', runner_id = gen_random_uuid()`);
    const { recentOwners } = await snapshot(id, 'recentOwners { ownerRow }');
    expect(recentOwners.map(({ ownerRow }: { ownerRow: string }) => ownerRow)).toEqual([
      ...['MISSING', 'STOPPED', 'STALE', 'ALIVE'],
    ]);
    const copy = await createDatabase();
    const there = await start({ databaseUrl: copy.url });
    try {
      await copy.pool.query('DROP TABLE replicas CASCADE');
      const other = await insertChat(copy.pool, { status: 'running' });
      await copy.pool.query('UPDATE chats SET worker_id = gen_random_uuid(), runner_id = gen_random_uuid()');
      const { recentOwners: owners } = await snapshot(
        other,
        'recentOwners { ownerRow ended }',
        {},
        asking(() => there.url),
      );
      expect(owners).toEqual([{ ownerRow: null, ended: null }]);
    } finally {
      await there.stop();
      await copy.drop();
    }
  });

  test('are none for a chat that nobody ever held', async () => {
    const id = await insertChat(database.pool);
    expect(await snapshot(id, `ownership { ${SPAN} } recentOwners { ${SPAN} }`)).toEqual({
      ...{ ownership: [], recentOwners: [] },
    });
  });
});

test('one statement reads the recent owners of any number of chats, together with all else', async () => {
  const ids = await Promise.all(Array.from({ length: 100 }, () => insertChat(database.pool)));
  await ask('{ replicas { id } }'); // the first reading finds out what the database is
  tap.statements.length = 0;
  const { errors, data } = await ask(
    'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { recentOwners { workerId } database { status } } }',
    { ids },
  );
  expect([errors, data?.chatDebugSnapshots]).toMatchObject([[], { length: 100 }]);
  expect(tap.statements).toHaveLength(1);
  tap.statements.length = 0;
  await ask('query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { history { edges { cursor } } } }', { ids });
  expect(tap.statements).toHaveLength(1);
});

test("nobody reads the history of another person's chat", async () => {
  const owner = randomUUID();
  const id = await insertChat(database.pool, { owner_id: owner });
  const query = `{ chatDebugSnapshot(chatId: "${id}") { history { edges { node { id } } } recentOwners { workerId } } }`;
  expect((await ask(query, {}, user(randomUUID()))).data).toEqual({ chatDebugSnapshot: null });
  expect((await ask(query, {}, user(owner))).data).toMatchObject({
    chatDebugSnapshot: { history: { edges: { length: 1 } } },
  });
});

describe('where no history is kept', () => {
  const FIELDS = `history { edges { cursor } } ownership { workerId } recentOwners { workerId } database { unreadable status }`;
  const NONE = { history: null, ownership: null, recentOwners: null, database: { unreadable: [], status: 'waiting' } };

  test('by setting, every field of it is null without an error', async () => {
    const id = await insertChat(database.pool);
    const without = await start({ databaseUrl: database.url, readsHistory: false });
    try {
      expect(
        await snapshot(
          id,
          FIELDS,
          {},
          asking(() => without.url),
        ),
      ).toEqual(NONE);
    } finally {
      await without.stop();
    }
  });

  test.each([
    ['without the table', 'DROP TABLE chat_events; DROP FUNCTION chat_event CASCADE'],
    [
      'with a table of that name which is not ours',
      'ALTER TABLE chat_events RENAME to_state TO state; DROP FUNCTION chat_event CASCADE',
    ],
  ])('%s, too, and all else is read as before', async (_, sql) => {
    const copy = await createDatabase();
    await copy.pool.query(sql);
    const id = await insertChat(copy.pool);
    const of = await startPostgresProxy(copy.url);
    const there = await start({ databaseUrl: of.url });
    try {
      expect(
        await snapshot(
          id,
          FIELDS,
          {},
          asking(() => there.url),
        ),
      ).toEqual(NONE);
      of.statements.length = 0;
      expect(
        await snapshot(
          id,
          'executionState recentOwners { workerId }',
          {},
          asking(() => there.url),
        ),
      ).toEqual({
        ...{ executionState: 'W', recentOwners: null },
      });
      expect(of.statements).toHaveLength(1);
    } finally {
      await there.stop();
      await of.close();
      await copy.drop();
    }
  });
});

test('a history that takes too long costs only itself, and is named', async () => {
  const id = await insertChat(database.pool);
  const hasty = await start({ databaseUrl: database.url, databaseTimeoutMs: 2_000 });
  const holder = await database.pool.connect();
  try {
    await asking(() => hasty.url)('{ replicas { id } }');
    await holder.query('BEGIN; LOCK TABLE chat_events');
    const { data, errors } = await asking(() => hasty.url)(
      `{ chatDebugSnapshot(chatId: "${id}") { executionState recentOwners { workerId } database { unreadable } } }`,
    );
    expect(errors).toEqual([]);
    expect(data?.chatDebugSnapshot).toEqual({
      ...{ executionState: 'W', recentOwners: null, database: { unreadable: ['recentOwners'] } },
    });
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
    await hasty.stop();
  }
});
