/** What an operation asks at once is one statement, and answers as the careful way does. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type GraphQLNamedType, getNamedType, isObjectType, parse } from 'graphql';
import { pino } from 'pino';
import type { RunningServer } from '../../../server/app.ts';
import { databasePerFile } from '../../support/database.ts';
import { readMetrics } from '../../support/metrics.ts';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgresProxy.ts';
import { stopTime } from '../../support/stoppedTime.ts';
import { startTcpProxy } from '../../support/tcpProxy.ts';
import { isPgBouncerInstalled, startPgBouncer } from './support/pgBouncer.ts';
import { insertHealthyChat, insertMessages, insertReplica, queueMessages } from './support/rows.ts';
import { type Ask, asking, start } from './support/subgraph.ts';

const database = databasePerFile();
let tap: PostgresProxy;
let server: RunningServer;
const ask: Ask = asking(() => server.url);
const chatIds: string[] = [];

beforeAll(async () => {
  const { pool } = database;
  const replicaId = await insertReplica(pool);
  const states = [
    {},
    { status: 'requires_action', requires_action_deadline_at: "now() + interval '1 hour'" },
    { status: 'error', last_error: { kind: 'auth', message: 'no' } },
    { status: 'waiting', worker_id: null, runner_id: null },
    { status: 'waiting', archived: true, worker_id: null, runner_id: null },
    { worker_id: null, runner_id: null, updated_at: "now() - interval '1 hour'" },
    { status: 'interrupting', updated_at: "'infinity'" },
    { parent_chat_id: randomUUID() },
  ];
  for (const [i, state] of states.entries()) {
    const { id } = await insertHealthyChat(pool, { worker_id: replicaId, ...state });
    await queueMessages(pool, id, i % 3);
    await insertMessages(pool, id, 'user', 1);
    await insertMessages(pool, id, 'assistant', i);
    chatIds.push(id);
  }
  await stopTime(pool);
  tap = await startPostgresProxy(database.url);
  server = await start({ databaseUrl: tap.url });
  await ask('{ replicas { id } }'); // the first reading finds out what the database is
});
afterAll(async () => {
  await server.stop();
  await tap.close();
});

const SCHEMA_FILE = new URL('../../../subgraphs/database/schema.graphql', import.meta.url);
const schema = buildSubgraphSchema({ typeDefs: parse(readFileSync(SCHEMA_FILE, 'utf8')) });
/** Known only once the row is: it is a list of chats of its own. */
const NOT_AT_ONCE = ['children'];

/** Every field of a type, and of what is below it, but those. */
function allOf(type: GraphQLNamedType): string {
  if (!isObjectType(type)) return '';
  const fields = Object.values(type.getFields()).filter(({ name }) => !NOT_AT_ONCE.includes(name));
  return `{ ${fields.map((field) => `${field.name} ${allOf(getNamedType(field.type))}`).join(' ')} }`;
}

const CHAT = allOf(getNamedType(schema.getType('ChatDebugSnapshot') as GraphQLNamedType)).slice(1, -1);
const CHATS = `chatDebugSnapshots(chatIds: $ids) { ${CHAT} }`;

const begun = () => tap.statements.filter((statement) => statement === 'BEGIN').length;

/** Where more is asked than chats by their ids, all of it is read carefully. */
const CAREFULLY = `query ($ids: [UUID!]!) { ${CHATS} replicas { id } }`;
const AT_ONCE = `query ($ids: [UUID!]!) { ${CHATS} }`;

test('gives the answers of the careful way, errors included', async () => {
  tap.statements.length = 0;
  const quick = await ask(AT_ONCE, { ids: chatIds });
  expect(tap.statements).toHaveLength(1);
  const careful = await ask(CAREFULLY, { ids: chatIds });
  expect(begun()).toBe(1);
  expect(quick.errors.map(({ extensions }) => extensions.code)).toContain('VALUE_UNREADABLE');
  expect(quick.data?.chatDebugSnapshots).toEqual(careful.data?.chatDebugSnapshots);
  expect(quick.errors).toEqual(careful.errors);
});

test('somebody who may read one chat of several sees that one', async () => {
  const { rows } = await database.pool.query<{ owner_id: string }>('SELECT owner_id FROM chats WHERE id = $1', [
    chatIds[0],
  ]);
  const caller = { sub: rows[0]?.owner_id ?? '', roles: [] };
  const { data } = await ask(
    'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId } }',
    { ids: chatIds },
    caller,
  );
  expect(data?.chatDebugSnapshots).toEqual(chatIds.map((chatId, i) => (i === 0 ? { chatId } : null)));
});

test('gives a chat’s owner the answers of the careful way', async () => {
  for (const chatId of chatIds) {
    const { rows } = await database.pool.query('SELECT owner_id FROM chats WHERE id = $1', [chatId]);
    const owner = { sub: rows[0].owner_id, roles: [] };
    tap.statements.length = 0;
    const quick = await ask(AT_ONCE, { ids: [chatId] }, owner);
    expect(tap.statements).toHaveLength(1);
    const careful = await ask(CAREFULLY, { ids: [chatId] }, owner);
    expect(quick.data?.chatDebugSnapshots).toEqual(careful.data?.chatDebugSnapshots);
  }
});

describe('of a chat that is not the caller’s', () => {
  /** All that the database sends to a caller who may read no chat but the first, with how many statements. */
  async function sentTo(fields: string, ids: readonly (string | undefined)[]) {
    const { rows } = await database.pool.query('SELECT owner_id FROM chats WHERE id = $1', [chatIds[0]]);
    const sent: Buffer[] = [];
    const passing = () => ({
      toServer: (chunk: Buffer) => chunk,
      toClient: (chunk: Buffer) => {
        sent.push(chunk);
        return chunk;
      },
    });
    const url = new URL(tap.url);
    const proxy = await startTcpProxy({ target: () => database.url, passing });
    url.port = String(proxy.port);
    const heard = await start({ databaseUrl: url.href });
    try {
      const askHeard = asking(() => heard.url);
      await askHeard('{ replicas { id } }');
      sent.length = 0;
      const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${fields} } }`;
      const { data } = await askHeard(query, { ids }, { sub: rows[0].owner_id, roles: [] });
      return { data: data?.chatDebugSnapshots, sent: Buffer.concat(sent).toString() };
    } finally {
      await heard.stop();
      await proxy.close();
    }
  }

  test('nothing is read, whose size would show in the time that it takes', async () => {
    const [own, foreign] = chatIds;
    const { data, sent } = await sentTo('chatId database { messageStats { total } heartbeats { runnerId } }', [
      own,
      foreign,
    ]);
    expect(data).toMatchObject([{ chatId: own, database: { messageStats: { total: 1 } } }, null]);
    expect(sent).toContain(own);
    expect(sent).not.toContain(foreign);
  });
});

test('a place of the operation asks only what is selected there', async () => {
  tap.statements.length = 0;
  const [first, second] = chatIds;
  await ask(`{ a: chatDebugSnapshot(chatId: "${first}") { database { messageStats { total } } }
    b: chatDebugSnapshot(chatId: "${second}") { database { status messageStats @skip(if: true) { total } ... @include(if: false) { turn { steps } } } } }`);
  expect(tap.statements).toHaveLength(1);
  expect(tap.statements[0]?.split('json_agg(')).toHaveLength(3); // chats and counts
});

test('a table that is locked costs what it costs the careful way, and the same is asked carefully for a while', async () => {
  const holder = await database.pool.connect();
  try {
    const impatient = await start({ databaseUrl: tap.url, databaseTimeoutMs: 2_000 });
    const askImpatient = asking(() => impatient.url);
    await askImpatient('{ replicas { id } }');
    await holder.query('BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE');
    const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { status messageStats { total } } } }`;
    const { data, errors } = await askImpatient(query, { ids: chatIds.slice(0, 1) });
    expect(data?.chatDebugSnapshots).toEqual([{ database: { status: 'running', messageStats: null } }]);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['QUERY_TIMED_OUT']);
    await holder.query('ROLLBACK');
    tap.statements.length = 0;
    await askImpatient(query, { ids: chatIds });
    expect(begun()).toBe(1);
    await askImpatient(`query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { status } } }`, {
      ids: chatIds,
    });
    expect(begun()).toBe(1);
    await impatient.stop();
  } finally {
    holder.release();
  }
});

test('a statement that fails is logged once, with its reason, and counted', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const logged = await start({ databaseUrl: database.url, log });
  const holder = await database.pool.connect();
  try {
    const askLogged = asking(() => logged.url);
    await askLogged('{ replicas { id } }');
    await askLogged(AT_ONCE, { ids: chatIds });
    await holder.query('ALTER TABLE chat_queued_messages RENAME TO elsewhere');
    await askLogged(AT_ONCE, { ids: chatIds });
    await askLogged(AT_ONCE, { ids: chatIds }); // carefully from the start, for a table is lacking
    expect(lines.filter(({ questions }) => questions !== undefined)).toEqual([
      expect.objectContaining({
        ...{ level: 40, state: '42P01', requestId: expect.any(String) },
        ...{ reason: expect.stringContaining('42P01'), questions: expect.arrayContaining(['chatRows', 'queueDepths']) },
      }),
    ]);
    const metrics = await readMetrics(logged);
    expect(metrics.get('chat_debug_quick_readings_total{result="answered"}')).toBe(1);
    expect(metrics.get('chat_debug_quick_readings_total{result="asked_again"}')).toBe(1);
  } finally {
    await holder.query('ALTER TABLE elsewhere RENAME TO chat_queued_messages');
    holder.release();
    await logged.stop();
  }
});

if (!isPgBouncerInstalled) console.warn('SKIPPED: PgBouncer is not installed, so nothing is read through it.');

if (isPgBouncerInstalled)
  describe.each([
    ['that refuses settings', []],
    ['that forgets settings', ['ignore_startup_parameters = options']],
  ])('behind a pooler %s', (_name, settings) => {
    test('everything is answered as without it, and within the time limit', async () => {
      const pooler = await startPgBouncer(database.url, settings);
      const pooled = await start({ databaseUrl: pooler.url, databaseTimeoutMs: 4_000 });
      try {
        const askPooled = asking(() => pooled.url);
        const expected = await ask(AT_ONCE, { ids: chatIds });
        for (let time = 0; time < 5; time += 1) {
          const answers = await Promise.all([1, 2, 3, 4].map(() => askPooled(AT_ONCE, { ids: chatIds })));
          for (const { data, errors } of answers) expect([data, errors]).toEqual([expected.data, expected.errors]);
        }
        const holder = await database.pool.connect();
        await holder.query('BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE');
        const { data } = await askPooled(
          `{ chatDebugSnapshot(chatId: "${chatIds[0]}") { database { status messageStats { total } } } }`,
        );
        await holder.query('ROLLBACK');
        holder.release();
        expect(data?.chatDebugSnapshot).toEqual({ database: { status: 'running', messageStats: null } });
      } finally {
        await pooled.stop();
        await pooler.stop();
      }
    });
  });
