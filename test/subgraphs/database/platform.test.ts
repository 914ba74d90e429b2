/** Platform of a database's tables: as found, as set, and what is read differently. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { RunningServer } from '../../../server/app.ts';
import type { DatabaseSubgraphOptions } from '../../../subgraphs/database/server.ts';
import { databasePerFile } from '../../support/database.ts';
import { whileHolding } from '../../support/locks.ts';
import { startPostgresProxy } from '../../support/postgresProxy.ts';
import { insertChat, insertReplicas, REPLICAS, type ReplicaName } from '../../upstream/support/rows.ts';
import { createReader, createTables, dropReader } from '../../upstream/tables.ts';
import { type Ask, asking, start } from './support/subgraph.ts';

const servers: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Starts a subgraph; options that are left out are as if nothing were set. */
async function subgraph(databaseUrl: string, options: Partial<DatabaseSubgraphOptions> = {}) {
  const lines: { platform?: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const unset = { staleAfterSeconds: undefined, noProgressSeconds: undefined };
  const server = await start({ databaseUrl, log, ...unset, ...options } as Parameters<typeof start>[0]);
  servers.push(server);
  return { ask: asking(() => server.url), url: server.url, said: () => lines.filter(({ platform }) => platform) };
}

const THRESHOLDS = 'staleAfterSeconds heartbeatIntervalSeconds acquisitionIntervalSeconds noProgressSeconds';
const troubleOf = async (ask: Ask, chatId: string, fields: string) => {
  const { data, errors } = await ask(
    `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { trouble { ${fields} } unreadable } } }`,
    { id: chatId },
  );
  expect(errors).toEqual([]);
  return data as { chatDebugSnapshot: { database: { trouble: Record<string, unknown>; unreadable: string[] } } };
};
const thresholdsOf = async (ask: Ask, chatId: string) =>
  (await troubleOf(ask, chatId, `thresholds { ${THRESHOLDS} }`)).chatDebugSnapshot.database.trouble.thresholds;

describe('tables of this project', () => {
  const database = databasePerFile();

  test('are found once, and said once', async () => {
    const { ask, said } = await subgraph(database.url);
    for (let i = 0; i < 2; i += 1) {
      expect((await ask('{ database { platform } }')).data).toEqual({ database: { platform: 'own' } });
    }
    expect(said()).toMatchObject([{ platform: 'own' }]);
  });

  test('that are said to be of a Coder deployment: a clear error, and readiness says it', async () => {
    const { ask, url } = await subgraph(database.url, { platform: 'coder' });
    const { errors } = await ask('{ chats { edges { node { chatId } } } }');
    expect(errors).toMatchObject([
      {
        extensions: { code: 'SCHEMA_UNSUPPORTED' },
        message: expect.stringMatching(/^PLATFORM is `coder`, and .* own\./),
      },
    ]);
    const ready = await fetch(`${url}/readyz`);
    expect({ status: ready.status, text: await ready.text() }).toEqual({
      status: 503,
      text: expect.stringContaining('PLATFORM is `coder`'),
    });
  });

  test('cost one look at the catalog, with the first question', async () => {
    const tap = await startPostgresProxy(database.url);
    try {
      const { ask } = await subgraph(tap.url);
      await ask('{ chats(filter: { suspect: true }) { edges { node { chatId } } } }');
      await ask('{ chats(filter: { suspect: true }) { edges { node { chatId } } } }');
      expect(tap.statements.filter((statement) => statement.includes('pg_attribute'))).toHaveLength(1);
    } finally {
      await tap.close();
    }
  });
});

describe('tables of a Coder deployment', () => {
  const database = databasePerFile('template0');
  const ids = { owned: '', gone: '', proxied: '', waiting: '', subagent: '' };
  beforeAll(async () => {
    const { pool } = database;
    await createTables(pool, { hasLegacyStatuses: true });
    await insertReplicas(pool);
    ids.owned = await insertChat(pool, {
      ...{ worker: 'first', lease: 3, age: 600 },
      debug: { status: 'in_progress', began: 590, written: 4 },
    });
    ids.gone = await insertChat(pool, { worker: 'unknown', age: 600 });
    ids.proxied = await insertChat(pool, { worker: 'proxy', age: 600 });
    ids.waiting = await insertChat(pool, { age: 600 });
    ids.subagent = await insertChat(pool, { age: 600, isSubagent: true });
  });

  test('are found, with the newest thresholds', async () => {
    const { ask, said } = await subgraph(database.url);
    expect((await ask('{ database { platform missing } }')).data).toEqual({
      database: { platform: 'coder', missing: [] },
    });
    expect(said()).toMatchObject([{ platform: 'coder' }]);
    expect(await thresholdsOf(ask, ids.owned)).toEqual({
      ...{ staleAfterSeconds: 30, heartbeatIntervalSeconds: 9, acquisitionIntervalSeconds: 30 },
      noProgressSeconds: 900,
    });
  });

  test.each(['v2.37.4', '2.9', '2026-09-14'])('have the thresholds of release %s', async (coderRelease) => {
    const { ask } = await subgraph(database.url, { coderRelease });
    expect(await thresholdsOf(ask, ids.owned)).toMatchObject({
      ...{ staleAfterSeconds: 300, heartbeatIntervalSeconds: 30, acquisitionIntervalSeconds: 1 },
    });
  });

  test('have the thresholds that are set, before those of their release', async () => {
    const { ask } = await subgraph(database.url, {
      coderRelease: '2.30',
      staleAfterSeconds: 70,
      noProgressSeconds: 50,
    });
    expect(await thresholdsOf(ask, ids.owned)).toEqual({
      ...{ staleAfterSeconds: 70, heartbeatIntervalSeconds: 30, acquisitionIntervalSeconds: 1, noProgressSeconds: 50 },
    });
  });

  test('that are said to be of this project: a clear error', async () => {
    const { ask } = await subgraph(database.url, { platform: 'own' });
    const { errors } = await ask('{ database { platform } }');
    expect(errors).toMatchObject([
      { extensions: { code: 'SCHEMA_UNSUPPORTED' }, message: expect.stringContaining('a Coder deployment') },
    ]);
  });

  test.each([
    ['an owner that is in no row', 'gone'],
    ['an owner that is a workspace proxy', 'proxied'],
  ] as const)('%s is missing', async (_what, name) => {
    const { ask } = await subgraph(database.url);
    const { chatDebugSnapshot } = await troubleOf(ask, ids[name], 'ownerRow');
    expect(chatDebugSnapshot.database.trouble.ownerRow).toBe('MISSING');
  });

  test('tell of slots that wait: those of its kind, one statement for a list and its chats', async () => {
    const tap = await startPostgresProxy(database.url);
    try {
      const { ask } = await subgraph(tap.url, { capacity: { root: 7, subagents: 8 } });
      await ask('{ database { platform } }');
      tap.statements.length = 0;
      const { data } = await ask(`{ chats(filter: { suspect: true }, first: 100) {
        edges { node { chatId database { trouble { pool { kind used capacity } } } } } } }`);
      const { edges } = (
        data as { chats: { edges: { node: { chatId: string; database: { trouble: { pool: unknown } } } }[] } }
      ).chats;
      const pools = new Map(edges.map(({ node }) => [node.chatId, node.database.trouble.pool]));
      expect(pools.get(ids.waiting)).toEqual({ kind: 'ROOT', used: 1, capacity: 7 });
      expect(pools.get(ids.subagent)).toEqual({ kind: 'SUBAGENT', used: 0, capacity: 8 });
      expect(pools.get(ids.gone)).toEqual({ kind: 'ROOT', used: 1, capacity: 7 }); // it waits for another owner
      expect(tap.statements.filter((statement) => /AS subagents/.test(statement))).toHaveLength(1);
    } finally {
      await tap.close();
    }
  });

  test('tell of no slot that an owned chat would wait for, nor of candidates that nobody could ask', async () => {
    const { ask } = await subgraph(database.url);
    const fields = 'candidates { workerId } database { trouble { pool { used } } }';
    const { data } = await ask(
      `query ($a: UUID!, $b: UUID!) { a: chatDebugSnapshot(chatId: $a) { ${fields} } b: chatDebugSnapshot(chatId: $b) { ${fields} } }`,
      { a: ids.owned, b: ids.waiting },
    );
    expect(data).toEqual({
      a: { candidates: [], database: { trouble: { pool: null } } },
      b: { candidates: [], database: { trouble: { pool: { used: 1 } } } },
    });
  });

  test('count chats with an owner as slots where leases may not be read, so that none is called forgotten for it', async () => {
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    const url = await createReader(database, role, ['chat_heartbeats']);
    try {
      const { ask } = await subgraph(url, { capacity: { root: 3, subagents: 1 } });
      const { data } = await ask(
        'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { trouble { pool { used capacity } } } } }',
        { id: ids.waiting },
      );
      expect(data).toEqual({ chatDebugSnapshot: { database: { trouble: { pool: { used: 3, capacity: 3 } } } } });
    } finally {
      await Promise.all(servers.splice(0).map((server) => server.stop()));
      await dropReader(database.pool, role);
    }
  });

  const DEBUG_RUN = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database {
    debugRun { kind status provider model ageSeconds hasEnded finishedAt } unreadable } } }`;

  test('have a debug log, whose newest step is the last sign of life', async () => {
    const { ask } = await subgraph(database.url);
    const { data, errors } = await ask(DEBUG_RUN, { id: ids.owned });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      chatDebugSnapshot: {
        database: {
          debugRun: {
            kind: 'chat_turn',
            status: 'in_progress',
            provider: 'anthropic',
            model: 'a-model',
            hasEnded: false,
          },
          unreadable: [],
        },
      },
    });
    const { ageSeconds } = (data as { chatDebugSnapshot: { database: { debugRun: { ageSeconds: number } } } })
      .chatDebugSnapshot.database.debugRun;
    expect(ageSeconds).toBeLessThan(500); // the run itself was last written 590 s ago
  });

  test.each(['chat_debug_runs', 'chat_debug_steps'] as const)('have none for a role without %s', async (table) => {
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    const url = await createReader(database, role, [table]);
    try {
      const { ask } = await subgraph(url);
      const { data, errors } = await ask(DEBUG_RUN, { id: ids.owned });
      expect({ data, errors }).toEqual({
        data: { chatDebugSnapshot: { database: { debugRun: null, unreadable: [] } } },
        errors: [],
      });
    } finally {
      await Promise.all(servers.splice(0).map((server) => server.stop()));
      await dropReader(database.pool, role);
    }
  });
});

describe('the release of a Coder deployment', () => {
  const database = databasePerFile('template0');
  const owned = { id: '' };
  const OLD = { staleAfterSeconds: 300, heartbeatIntervalSeconds: 30, acquisitionIntervalSeconds: 1 };
  const NEW = { staleAfterSeconds: 30, heartbeatIntervalSeconds: 9, acquisitionIntervalSeconds: 30 };
  beforeAll(async () => {
    await createTables(database.pool);
    await insertReplicas(database.pool);
    owned.id = await insertChat(database.pool, { worker: 'first', lease: 100, age: 200 });
  });
  /** All rows are fresh. */
  const run = async (versions: Partial<Record<ReplicaName, string>>) => {
    await database.pool.query(`UPDATE replicas SET version = 'v2.39.0', updated_at = now()`);
    for (const [name, version] of Object.entries(versions)) {
      await database.pool.query('UPDATE replicas SET version = $2 WHERE id = $1', [
        ...[REPLICAS[name as ReplicaName], version],
      ]);
    }
  };
  const readyz = async (url: string) => (await fetch(`${url}/readyz`)).text();

  test('is the oldest that a live replica runs, while replicas are changed one after another', async () => {
    await run({ second: 'v2.37.1+abc' });
    const { ask, url } = await subgraph(database.url);
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(OLD);
    expect(await readyz(url)).toContain(
      'Thresholds are those of release v2.37.1+abc, the oldest that a live replica runs.',
    );
  });

  test('is not that of a proxy, nor of a replica that has stopped', async () => {
    await run({ proxy: 'v2.36.0', stopped: 'v2.35.0' });
    const { ask } = await subgraph(database.url);
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(NEW);
  });

  test('is seen when it has changed, without a new start', async () => {
    await run({ first: 'v2.36.0', second: 'v2.36.0' });
    const { ask, url } = await subgraph(database.url);
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(OLD);
    await run({});
    await readyz(url); // looks anew
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(NEW);
  });

  test('stays known while no replica writes', async () => {
    await run({ first: 'v2.36.0' });
    const { ask, url } = await subgraph(database.url);
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(OLD);
    await database.pool.query(`UPDATE replicas SET updated_at = now() - interval '1 hour'`);
    await readyz(url);
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(OLD);
  });

  test('is the newest where nobody says one, or the table is locked', async () => {
    await run({ first: 'v0.0.0-devel+abc', second: '' });
    const { ask, url } = await subgraph(database.url);
    const said = /^ok\n.*\nThresholds are those of the newest release: no live replica names its own\./;
    expect(await readyz(url)).toMatch(said);
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(NEW);
    await run({ first: 'v2.36.0' });
    const other = await subgraph(database.url);
    await whileHolding(database.pool, 'LOCK TABLE replicas IN ACCESS EXCLUSIVE MODE', [], async () => {
      expect((await other.ask('{ database { platform } }')).data).toEqual({ database: { platform: 'coder' } });
    });
  });

  test('that is set decides, and is said to be contradicted', async () => {
    await run({ first: 'v2.36.0' });
    const { ask, url } = await subgraph(database.url, { coderRelease: '2.39' });
    expect(await thresholdsOf(ask, owned.id)).toMatchObject(NEW);
    expect(await readyz(url)).toContain(
      'CODER_RELEASE is 2.39, and a live replica runs v2.36.0, which has other thresholds.',
    );
  });
});

describe('tables of a Coder deployment that nobody writes replicas to', () => {
  const database = databasePerFile('template0');

  test('say nothing of an owner that is in no row', async () => {
    const { pool } = database;
    await createTables(pool);
    const chatId = await insertChat(pool, { worker: 'first', lease: 3 });
    const { ask } = await subgraph(database.url);
    const ownerRow = async () => (await troubleOf(ask, chatId, 'ownerRow')).chatDebugSnapshot.database.trouble.ownerRow;
    expect(await ownerRow()).toBeNull();
    await insertReplicas(pool);
    await pool.query('DELETE FROM replicas WHERE id = $1', [REPLICAS.first]);
    expect(await ownerRow()).toBe('MISSING');
    await pool.query(`UPDATE replicas SET updated_at = now() - interval '1 hour'`);
    expect(await ownerRow()).toBeNull();
  });
});

describe('tables whose versions move while they are read', () => {
  const database = databasePerFile('template0');

  test('are read anew, after one question that fails for it', async () => {
    const { pool } = database;
    await createTables(pool);
    const before = await subgraph(database.url);
    const chats = '{ chats { edges { node { chatId database { snapshotVersion generationAttempt } } } } }';
    expect((await before.ask(chats)).errors).toEqual([]);
    await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await createTables(pool, { movesVersions: true });
    const chatId = await insertChat(pool, { worker: 'first', lease: 3 }, { movesVersions: true });
    await before.ask(chats);
    expect(await before.ask(chats)).toMatchObject({
      data: { chats: { edges: [{ node: { chatId, database: { snapshotVersion: 12, generationAttempt: 1 } } }] } },
      errors: [],
    });
    expect(before.said()).toMatchObject([{ platform: 'coder' }]);
  });
});
