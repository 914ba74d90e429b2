/** Number of statements that reach Postgres, counted on the line to it. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningServer } from '../../../server/app.ts';
import { databasePerFile } from '../../support/database.ts';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgresProxy.ts';
import { insertHealthyChat, insertMessages, insertReplica, queueMessages } from './support/rows.ts';
import { type Ask, asking, entities, start } from './support/subgraph.ts';

const database = databasePerFile();
let tap: PostgresProxy;
let server: RunningServer;
let chatIds: string[];
let replicaIds: string[];
const ask: Ask = asking(() => server.url);
/** Every chat that runs looks like trouble to this one. */
let impatient: RunningServer;
const suspecting: Ask = asking(() => impatient.url);

beforeAll(async () => {
  const { pool } = database;
  tap = await startPostgresProxy(database.url);
  server = await start({ databaseUrl: tap.url });
  impatient = await start({ databaseUrl: tap.url, noProgressSeconds: 0 });
  replicaIds = await Promise.all([1, 2, 3].map(() => insertReplica(pool)));
  chatIds = [];
  for (let i = 0; i < 100; i += 1) {
    // Old enough for a look at who could take it, were it not for its lease.
    const updated_at = "now() - interval '8 s'";
    const { id } = await insertHealthyChat(pool, { worker_id: replicaIds[i % 3] ?? null, updated_at });
    await queueMessages(pool, id, i % 3);
    await insertMessages(pool, id, 'user', 1);
    chatIds.push(id);
  }
  await ask('{ replicas { id } }'); // the first reading finds out what the database is
  tap.statements.length = 0;
});
afterAll(async () => {
  await server.stop();
  await impatient.stop();
  await tap.close();
});
afterEach(() => {
  tap.statements.length = 0;
});

const TABLES = ['chats', 'chat_queued_messages', 'chat_heartbeats', 'chat_messages', 'replicas'];

/** The end of the last test's transaction may come after its answer. */
const sent = () => tap.statements.filter((statement) => statement !== 'COMMIT');

/** Questions are asked as statements of their own, or as parts of one. */
const questionsAsked = () => tap.statements.flatMap((statement) => statement.split('json_agg('));

/** The questions that read a table, by the first that they name; the rest hold the transaction. */
const tablesRead = () =>
  questionsAsked().flatMap((question) => {
    const sources = [...question.matchAll(/\bFROM\s+(?:"public"\.)?"?(\w+)"?/gi)].map(([, source = '']) => source);
    return sources.filter((source) => TABLES.includes(source)).slice(0, 1);
  });

const many = (fields: string, ids: string[]) =>
  ask(`query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${fields} } }`, { ids });

const SELECTIONS: [fields: string, tables: string[]][] = [
  ['chatId', ['chats']],
  ['chatId takenAt runtime { chatId workerId }', ['chats']],
  ['database { status title lastError heartbeatsReadable }', ['chats']],
  ['executionState', ['chats', 'chat_queued_messages']],
  ['database { queueDepth }', ['chats', 'chat_queued_messages']],
  ['executionState database { queueDepth }', ['chats', 'chat_queued_messages']],
  ['database { heartbeat { isStale } }', ['chats', 'chat_heartbeats']],
  ['database { heartbeats { isStale } heartbeat { ageSeconds } }', ['chats', 'chat_heartbeats']],
  ['database { messageStats { total } }', ['chats', 'chat_messages']],
  ['database { heartbeatState heartbeat { ageSeconds } }', ['chats', 'chat_heartbeats']],
  ['database { updatedAgeSeconds retrySecondsLeft requiresActionSecondsLeft }', ['chats']],
  ['everywhere { workerId }', ['chats', 'replicas']],
  ['candidates { workerId }', ['chats', 'chat_heartbeats']],
  ['database { lastMessage { role } }', ['chats', 'chat_messages']],
  ['database { turn { steps } }', ['chats', 'chat_messages']],
  ['database { openCalls { id } }', ['chats', 'chat_messages']],
  ['database { openCalls { id } unreadable }', ['chats', 'chat_messages', 'chat_heartbeats']],
  ['database { oldestQueuedAgeSeconds }', ['chats', 'chat_queued_messages']],
  ['database { children { edges { node { chatId } } } }', ['chats', 'chats']],
  ['database { lostChildren { chatId executionState } }', ['chats', 'chat_queued_messages']], // and chats, in the same one
  ['database { trouble { rowLocked ownerRow } }', ['chats', 'chats']],
  ['database { unreadable }', ['chats', 'chat_heartbeats']],
  ['database { unreadable turn { steps } heartbeat { isStale } }', ['chats', 'chat_heartbeats', 'chat_messages']],
  [
    'executionState everywhere { workerId } database { queueDepth heartbeat { isStale } heartbeats { isStale } messageStats { total } }',
    ['chats', 'chat_queued_messages', 'replicas', 'chat_heartbeats', 'chat_messages'],
  ],
];

/** Where all is asked at once, who could take a chat is asked before it is known whether it needs anybody. */
const alsoAtOnce = (fields: string) => (fields.includes('candidates') ? ['replicas'] : []);

describe.each(SELECTIONS)('{ %s }', (fields, tables) => {
  test.each([1, 10, 100])('reads each table that it needs once, and no other, for %i chats', async (count) => {
    const { errors } = await many(fields, chatIds.slice(0, count));
    expect(errors).toEqual([]);
    expect(tablesRead().sort()).toEqual([...tables, ...alsoAtOnce(fields)].sort());
  });

  test('the same for entities of a gateway', async () => {
    const representations = chatIds.map((chatId) => ({ __typename: 'ChatDebugSnapshot', chatId }));
    const { errors } = await entities(ask, representations, `... on ChatDebugSnapshot { ${fields} }`);
    expect(errors).toEqual([]);
    expect(tablesRead().sort()).toEqual([...tables, ...alsoAtOnce(fields)].sort());
  });

  test('the same for a page of the list', async () => {
    const { errors } = await ask(`{ chats(first: 100) { edges { node { ${fields} } } } }`);
    expect(errors).toEqual([]);
    expect(tablesRead().sort()).toEqual([...tables].sort());
  });

  test.each([1, 10, 100])('the same for a page of %i suspects', async (first) => {
    const query = `{ chats(first: ${first}, filter: { suspect: true }) { edges { node { ${fields} } } } }`;
    const { data, errors } = await suspecting(query);
    expect(errors).toEqual([]);
    expect(data?.chats).toMatchObject({ edges: { length: first } });
    expect(tablesRead().sort()).toEqual(['chats', ...tables].sort()); // first whether any waits for a tool outside
  });
});

test.each([1, 10, 100])('%i chats by their ids are one statement, whatever is asked of them', async (count) => {
  const all = SELECTIONS.map(([fields]) => fields).filter((fields) => !fields.includes('children'));
  const { errors } = await many(all.join(' '), chatIds.slice(0, count));
  expect([errors, sent().length]).toEqual([[], 1]);
});

test('an operation that asks more than chats by their ids is one transaction', async () => {
  await many('executionState database { children { edges { cursor } } messageStats { total } }', chatIds);
  expect(sent().indexOf('BEGIN')).toBe(0);
  expect(sent().lastIndexOf('BEGIN')).toBe(0);
});

test('several chats under names of their own are one question', async () => {
  const fields = chatIds.slice(0, 5).map((id, i) => `c${i}: chatDebugSnapshot(chatId: "${id}") { executionState }`);
  expect((await ask(`{ ${fields.join(' ')} }`)).errors).toEqual([]);
  expect(tablesRead().sort()).toEqual(['chat_queued_messages', 'chats']);
});

test('replicas with the chats they own are two statements', async () => {
  const { data } = await ask('{ replicas { id ownedChats runtime { workerId } } }');
  expect(data?.replicas).toHaveLength(3);
  expect(tablesRead()).toEqual(['replicas', 'chats']);
});

test('entities of replicas are one statement', async () => {
  const representations = replicaIds.map((id) => ({ __typename: 'Replica', id }));
  await entities(ask, representations, '... on Replica { hostname }');
  expect(tablesRead()).toEqual(['replicas']);
});

test.each([
  '{ __typename }',
  '{ chatDebugSnapshots(chatIds: []) { chatId } }',
  '{ chats(first: 0) { edges { cursor } } }',
  '{ chats(after: "x") { edges { cursor } } }',
  '{ chats(filter: { status: [] }) { edges { cursor } } }',
  '{ chats(filter: { executionState: [W], heartbeat: FRESH }) { edges { cursor } } }',
  '{ nonsense }',
])('%s does not reach the database at all', async (query) => {
  await ask(query);
  expect(sent()).toEqual([]);
});

test('whoever owns nothing costs nothing', async () => {
  const caller = { sub: 'no uuid', roles: [] };
  const query = `{ chats { edges { cursor } } chatDebugSnapshot(chatId: "${randomUUID()}") { chatId } replicas { id } }`;
  const { data } = await ask(query, {}, caller);
  expect(data).toEqual({ chats: { edges: [] }, chatDebugSnapshot: null, replicas: null });
  expect(sent()).toEqual([]);
});

test('no statement asks for columns that it does not name, or for the content of a message', async () => {
  await many(
    'executionState everywhere { workerId } database { heartbeat { isStale } messageStats { total } }',
    chatIds,
  );
  await ask('{ replicas { id hostname ownedChats } chats { edges { node { chatId } } } }');
  for (const statement of tap.statements) {
    expect(statement).not.toMatch(/\*(?!\))/); // count(*) is none
    expect(statement).not.toMatch(/\bcontent\b/);
  }
});

test('one look at the database serves an operation, however often it asks', async () => {
  const aliases = Array.from({ length: 49 }, (_, i) => `a${i}: database { lockWaits }`);
  const { data, errors } = await ask(`{ ${aliases.join(' ')} }`);
  expect([errors, Object.keys(data ?? {}).length]).toEqual([[], 49]);
  expect(sent().filter((statement) => statement.includes('pg_stat_activity'))).toHaveLength(1);
});
