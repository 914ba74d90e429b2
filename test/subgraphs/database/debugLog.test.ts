/** The debug log of a Coder deployment, with any row content, read by the role that the page on it makes. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningServer } from '../../../server/app.ts';
import { databasePerFile } from '../../support/database.ts';
import { type Chat, insertChat } from '../../upstream/support/rows.ts';
import { createReader, createTables, dropReader } from '../../upstream/tables.ts';
import { drifted } from './support/coderDrift.ts';
import { asking, start } from './support/subgraph.ts';

const database = databasePerFile('template0');
const role = `reader_${randomUUID().replaceAll('-', '')}`;
const OWNED: Chat = {
  ...{ worker: 'first', lease: 3, age: 600 },
  debug: { status: 'in_progress', began: 590, written: 4 },
};
let server: RunningServer;
const ask = asking(() => server.url);

describe('the debug log of a Coder deployment', () => {
  beforeAll(async () => {
    await createTables(database.pool);
    server = await start({ databaseUrl: await createReader(database, role) });
  });
  afterAll(async () => {
    await server.stop();
    await dropReader(database.pool, role);
  });

  const FIELDS = 'kind status provider model startedAt updatedAt ageSeconds hasEnded finishedAt';
  interface Half {
    readonly debugRun: Record<string, unknown> | null;
    readonly unreadable: readonly string[];
  }

  /** Answer on the log of a chat after `change`: SQL with the chat's id as its parameter. */
  async function logged(...changes: readonly string[]) {
    const id = await insertChat(database.pool, OWNED);
    for (const change of changes) await database.pool.query(change, [id]);
    const { data, errors } = await ask(
      `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { debugRun { ${FIELDS} } unreadable } } }`,
      { id },
    );
    return { errors, ...(data as { chatDebugSnapshot: { database: Half } }).chatDebugSnapshot.database };
  }
  const runs = (set: string) => `UPDATE chat_debug_runs SET ${set} WHERE chat_id = $1`;
  const steps = (set: string) => `UPDATE chat_debug_steps SET ${set} WHERE chat_id = $1`;

  test('is read with the grants of the page', async () => {
    const { debugRun, errors, unreadable } = await logged();
    expect({ errors, unreadable }).toEqual({ errors: [], unreadable: [] });
    expect(debugRun).toMatchObject({
      ...{ kind: 'chat_turn', status: 'in_progress', provider: 'anthropic', model: 'a-model' },
      ...{ hasEnded: false, finishedAt: null, startedAt: expect.any(String), updatedAt: expect.any(String) },
    });
    expect(debugRun?.ageSeconds).toBeLessThan(500); // the step's, not the run's
  });

  test('is all that there is to read with them: no question is refused', async () => {
    const refused: string[] = [];
    const chat = `executionState everywhere { workerId } candidates { workerId } database {
      status title queueDepth createdAt lastError parentChatId children { edges { cursor } } lostChildren { chatId }
      heartbeat { isStale } heartbeats { runnerId } oldestQueuedAgeSeconds messageStats { total } lastMessage { role hasText }
      turn { steps } openCalls { id } debugRun { kind } trouble { ownerRow rowLocked pool { used } } unreadable }`;
    for (const filter of ['{}', '{ suspect: true }', '{ suspect: false }', '{ heartbeat: FRESH }', '{ owned: true }']) {
      const { errors } = await ask(`{ chats(filter: ${filter}) { edges { node { ${chat} } } } }`);
      refused.push(...errors.map(({ message }) => message));
    }
    const { data, errors } = await ask(
      '{ replicas { id hostname error ownedChats } database { missing notReadable pools { used } } }',
    );
    expect([...refused, ...errors]).toEqual([]);
    expect(data?.database).toMatchObject({ missing: [], notReadable: [] });
  });

  describe('an odd value costs itself alone', () => {
    test.each<[string, string[], Record<string, unknown>]>([
      ['an end without end', [runs(`finished_at = 'infinity'`)], { hasEnded: true, finishedAt: null }],
      ['an end before all time', [runs(`finished_at = '-infinity'`)], { hasEnded: true, finishedAt: null }],
      [
        'an end of the year 20000',
        [runs(`finished_at = '20000-01-01'`)],
        { hasEnded: true, finishedAt: null, status: 'in_progress' },
      ],
      [
        'a step without end, beside a run that was written to',
        [steps(`updated_at = 'infinity'`), runs(`updated_at = '2026-05-01T12:00:00Z'`)],
        { updatedAt: '2026-05-01T12:00:00.000Z' },
      ],
      [
        'times without end',
        [steps(`updated_at = '-infinity'`), runs(`updated_at = 'infinity'`)],
        { updatedAt: null, ageSeconds: null, hasEnded: false, kind: 'chat_turn' },
      ],
      [
        'a provider and a model that nobody named',
        [runs('provider = NULL, model = NULL')],
        { provider: null, model: null },
      ],
      ['texts without end', [runs(`kind = repeat('é', 100000), model = ''`)], { kind: 'é'.repeat(100), model: '' }],
      ['a log whose steps are gone', ['DELETE FROM chat_debug_steps WHERE chat_id = $1'], { status: 'in_progress' }],
    ])('%s', async (_what, changes, expected) => {
      const { debugRun, errors, unreadable } = await logged(...changes);
      expect({ errors, unreadable }).toEqual({ errors: [], unreadable: [] });
      expect(debugRun).toMatchObject(expected);
    });

    test('a run that begins at no moment is passed over', async () => {
      const { debugRun, errors } = await logged(
        `INSERT INTO chat_debug_runs (chat_id, kind, status, started_at) VALUES ($1, 'odd', 'odd', 'infinity')`,
      );
      expect({ kind: debugRun?.kind, errors }).toEqual({ kind: 'chat_turn', errors: [] });
    });

    test('a time ahead of the clock has an age below zero', async () => {
      const { debugRun } = await logged(steps(`updated_at = now() + interval '1 hour'`));
      expect(debugRun?.ageSeconds).toBeLessThan(-3_000);
    });
  });

  test.each(['debugRun { kind } unreadable', 'unreadable debugRun { kind }'])(
    'is named as unreadable if it takes too long: %s',
    async (fields) => {
      await drifted(
        () => '',
        async ({ ask: askSlow, pool, role: reader }) => {
          const id = await insertChat(pool, OWNED);
          await pool.query(`
            ALTER TABLE chat_debug_steps RENAME TO kept;
            CREATE VIEW chat_debug_steps AS SELECT kept.* FROM pg_sleep(60), kept;
            GRANT SELECT ON chat_debug_steps TO ${reader}`);
          const { data, errors } = await askSlow(
            `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { status ${fields} } } }`,
            { id },
          );
          expect(errors).toEqual([]);
          expect(data?.chatDebugSnapshot).toEqual({
            database: { status: 'running', debugRun: null, unreadable: ['debugRun'] },
          });
        },
        { databaseTimeoutMs: 4_000 },
      );
    },
  );

  describe('a column that may not be read', () => {
    const restart = async (sql: string) => {
      await database.pool.query(sql);
      const { port, hostname } = new URL(database.url);
      await server.stop();
      const url = new URL(database.url);
      Object.assign(url, { hostname, port, username: role, password: 'reader' });
      server = await start({ databaseUrl: url.href });
    };

    test.each(['kind', 'status', 'provider', 'model'])('%s costs its field, and the rest is read', async (column) => {
      await restart(`REVOKE SELECT (${column}) ON chat_debug_runs FROM ${role}`);
      try {
        const { debugRun, errors } = await logged();
        expect(debugRun).toMatchObject({ [column]: null, hasEnded: false, updatedAt: expect.any(String) });
        expect(errors).toEqual([]);
        const { data } = await ask('{ database { notAnswered { name reason costs } } }');
        expect(data?.database).toEqual({
          notAnswered: [{ name: `chat_debug_runs.${column}`, reason: 'NO_RIGHT', costs: [`debugRun.${column}`] }],
        });
      } finally {
        await restart(`GRANT SELECT (${column}) ON chat_debug_runs TO ${role}`);
      }
    });
  });
});
