/**
 * Statements on one chat need no row of another, so that chats can be spread over databases by their ids.
 * The system itself sends the statements, and the rows of all other chats refuse to be read, locked or written.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type GraphQLNamedType, getNamedType, isObjectType, parse } from 'graphql';
import type pg from 'pg';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import { acquireChats } from '../../subgraphs/runtime/chatd/acquisition.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { cleanUp } from '../../subgraphs/runtime/chatd/cleanUp.ts';
import { renewLeases } from '../../subgraphs/runtime/chatd/heartbeats.ts';
import { openWorkerPool } from '../../subgraphs/runtime/chatd/pool.ts';
import { releaseChats } from '../../subgraphs/runtime/chatd/release.ts';
import {
  insertChat,
  insertHealthyChat,
  insertHeartbeat,
  insertReplica,
  queueMessages,
} from '../subgraphs/database/support/rows.ts';
import { asking, start } from '../subgraphs/database/support/subgraph.ts';
import { ChatClient } from '../support/chatClient.ts';
import { chatWaits } from '../support/chatWaits.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgresProxy.ts';
import { replicasPerTest } from '../support/replica.ts';
import { until } from '../support/until.ts';
import { type Guard, makeGuard, ROW_OF_ANOTHER_CHAT } from './guard.ts';
import { readNotByChat } from './readNotByChat.ts';

let database: TestDatabase & { drop(): Promise<void> };
const waitFor = chatWaits(() => database.pool);
let guard: Guard;
let tap: PostgresProxy;
let subgraph: RunningServer;
/** Connections of a worker, guarded. */
let pool: pg.Pool;
let store: ChatStore;
const startReplica = replicasPerTest(() => tap.url);
const ask = asking(() => subgraph.url);

/** Longer than the tests take: the leases of the other chats are renewed by nobody. */
const STALE_AFTER_SECONDS = 3_600;

/** So many others that no plan reads all of them: at rest, with messages and queues, and at work, with leases. */
const OTHERS = `
  WITH others AS (
    INSERT INTO chats (owner_id, status, worker_id, runner_id)
    SELECT gen_random_uuid(), (CASE WHEN i <= 400 THEN 'running' WHEN i <= 500 THEN 'error' ELSE 'waiting' END)::chat_status,
      CASE WHEN i <= 400 THEN $1::uuid END, CASE WHEN i <= 400 THEN gen_random_uuid() END
    FROM generate_series(1, 2000) AS i RETURNING id, status, runner_id
  ), leases AS (
    INSERT INTO chat_heartbeats (chat_id, runner_id) SELECT id, runner_id FROM others WHERE runner_id IS NOT NULL
  ), queues AS (
    INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
    SELECT id, '{}', 1, id FROM others WHERE status <> 'waiting'
  )
  INSERT INTO chat_messages (chat_id, role, content)
  SELECT id, 'user', '[{"type": "text", "text": "x"}]' FROM others, generate_series(1, 3)`;

beforeAll(async () => {
  database = await createDatabase();
  const owner = await insertReplica(database.pool, { updated_at: "now() + interval '1 hour'" });
  const client = await database.pool.connect();
  await client.query(`SET session_replication_role = 'replica'`); // the triggers would look for chats of the same statement
  await client.query(OTHERS, [owner]);
  await client.query(`RESET session_replication_role`);
  client.release();
  await database.pool.query('VACUUM ANALYZE');
  guard = await makeGuard(database.pool, database.url);
  tap = await startPostgresProxy(guard.url);
  subgraph = await start({ databaseUrl: tap.url });
  await ask('{ replicas { id } }'); // the first reading finds out what the database is, policies included
  pool = openWorkerPool({ workerId: randomUUID(), databaseUrl: tap.url, max: 2, log: makeLogger('worker', 'silent') });
  store = new ChatStore(pool);
});
afterEach(() => guard.open());
afterAll(async () => {
  await subgraph.stop();
  await pool.end();
  await tap.close();
  await guard.remove();
  await database.drop();
});

/** From here on, rows of other chats are refused. */
async function guarded(...except: string[]): Promise<void> {
  await guard.close(except);
  tap.statements.length = 0;
  tap.refused.length = 0;
}

const SCHEMA_FILE = new URL('../../subgraphs/database/schema.graphql', import.meta.url);
const schema = buildSubgraphSchema({ typeDefs: parse(readFileSync(SCHEMA_FILE, 'utf8')) });
/** Fields whose answer is other chats. */
const OF_OTHERS = ['children', 'lostChildren'];

/** Every field of a type, and of what is below it, but those. */
function allOf(type: GraphQLNamedType): string {
  if (!isObjectType(type)) return '';
  const fields = Object.values(type.getFields()).filter(({ name }) => !OF_OTHERS.includes(name));
  return `{ ${fields.map((field) => `${field.name} ${allOf(getNamedType(field.type))}`).join(' ')} }`;
}
const CHAT = allOf(getNamedType(schema.getType('ChatDebugSnapshot') as GraphQLNamedType));

describe('no row of another chat is needed', () => {
  test('to read all that a snapshot has of a chat, in one statement', async () => {
    const parent = await insertChat(database.pool);
    const { id } = await insertHealthyChat(database.pool, { parent_chat_id: parent, root_chat_id: parent });
    await insertChat(database.pool, { parent_chat_id: id, root_chat_id: parent, status: 'error' });
    await queueMessages(database.pool, id, 2);
    await new ChatClient(database.pool, new ChatStore(database.pool)).ask(id, ['commitStep'], 1);
    await guarded(id);
    const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${id}") ${CHAT} }`);
    expect([errors, tap.refused, tap.statements.length]).toEqual([[], [], 1]);
    const read = await readNotByChat(database.pool, tap.statements);
    expect(read.filter((scan) => !BETWEEN.test(scan))).toEqual([]);
    expect(read).toHaveLength(4); // the last message, the turn in two looks, the open calls
    expect(data?.chatDebugSnapshot).toMatchObject({
      database: { parentChatId: parent, queueDepth: 2, messageStats: { total: 1 }, heartbeat: { isStale: false } },
    });
  });

  test('to create a chat, and for each request of a person', async () => {
    await guarded();
    const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
    const client = new ChatClient(pool, store);
    await client.ask(id, ['send']);
    await client.ask(id, ['send']);
    await client.ask(id, ['promoteQueued']);
    await client.ask(id, ['deleteQueued']);
    await client.ask(id, ['finishInterruption']);
    await client.ask(id, ['interrupt']);
    await client.ask(id, ['edit']);
    await client.ask(id, ['commitStep', 'enterRequiresAction'], 1);
    await client.ask(id, ['completeRequiresAction']);
    await client.ask(id, ['commitStep', 'finishTurn']);
    expect(tap.refused).toEqual([]);
    expect(await readNotByChat(database.pool, tap.statements)).toEqual([]);
    expect((await database.pool.query('SELECT status FROM chats WHERE id = $1', [id])).rows).toEqual([
      { status: 'waiting' },
    ]);
  });

  test('for a turn of the worker, from the history to the release, and for the renewal of its lease', async () => {
    await startReplica({ staleAfterSeconds: STALE_AFTER_SECONDS });
    const { id } = await store.create({ ownerId: randomUUID(), text: '/tool ask_person' });
    await waitFor(id, ({ status }) => status === 'requires_action');
    await guarded(id);
    const closedAt = (await database.pool.query('SELECT now() AS at')).rows[0]?.at;
    await until('the lease is renewed', async () => {
      const renewed = 'SELECT FROM chat_heartbeats WHERE chat_id = $1 AND heartbeat_at > $2';
      return (await database.pool.query(renewed, [id, closedAt])).rowCount === 1;
    });
    await new ChatClient(database.pool, new ChatStore(database.pool)).ask(id, ['completeRequiresAction']);
    await waitFor(id, ({ status, workerId }) => status === 'waiting' && workerId === null);
    expect(tap.statements).toEqual(expect.arrayContaining(OF_A_TURN.map((part) => expect.stringContaining(part))));
    // The same worker looks for other chats all the while, which it cannot do without their rows.
    await until('the worker looks for chats', () => tap.refused.length > 0);
    await onlyLoopsNeedOthers();
  });

  test('for the interruption of a turn', async () => {
    await startReplica({ staleAfterSeconds: STALE_AFTER_SECONDS });
    const { id } = await store.create({ ownerId: randomUUID(), text: '/stall' });
    await waitFor(id, ({ generationAttempt }) => generationAttempt === 1);
    await guarded(id);
    await store.apply(id, { name: 'interrupt' });
    await waitFor(id, ({ status, workerId }) => status === 'waiting' && workerId === null);
    await onlyLoopsNeedOthers();
  });
});

/** Condition by which an index of messages has the chat in its order; a router does not take it for the chat. */
const BETWEEN = /^chat_messages: \(\(chat_id >= chat\w*\.id\) AND \(chat_id <= chat\w*\.id\)/;
const CANDIDATES = 'ahead AS (';
/** Statements of the loops of a worker that look for something among all chats. */
const OF_LOOPS = [
  ...[CANDIDATES, 'runner_id <> ALL'], // the second gives up chats of a taking that failed, as it does here
  ...['WHERE ctid = ANY', 'ctid <> ALL'], // clean-ups, at any time
];

async function onlyLoopsNeedOthers(): Promise<void> {
  const isOfLoop = (statement: string) => OF_LOOPS.some((part) => statement.includes(part));
  expect(tap.refused.filter(({ statement }) => !isOfLoop(statement))).toEqual([]);
  const ofTheChat = tap.statements.filter((statement) => !isOfLoop(statement));
  expect(await readNotByChat(database.pool, ofTheChat)).toEqual([]);
}
/** Of each statement of a turn, words that no other has. */
const OF_A_TURN = [
  ...['role::text AS role, content FROM chat_messages', 'generation_attempt = ', 'INSERT INTO chat_messages'],
  ...['UPDATE chats SET snapshot_version', 'worker_id = NULL, runner_id = NULL', 'WITH mine AS'],
];

/** Operations that need rows of other chats, with words of the statement that does. The page on performance lists them. */
const CROSSING: readonly (readonly [what: string, part: string, operation: (ids: Family) => Promise<unknown>])[] = [
  ['a list', 'FROM chats', () => ask('{ chats(first: 5) { edges { cursor } } }')],
  ['a list of suspects', 'FROM chats', () => ask('{ chats(filter: { suspect: true }) { edges { cursor } } }')],
  ['chats of each replica', 'GROUP BY c.worker_id', () => ask('{ replicas { ownedChats } }')],
  ['children', 'CROSS JOIN LATERAL', ({ root }) => askChat(root, 'database { children { edges { cursor } } }')],
  ['lost children', 'CROSS JOIN LATERAL', ({ root }) => askChat(root, 'database { lostChildren { chatId } }')],
  [
    'a chat with a parent',
    'INSERT INTO chats',
    ({ root }) => store.create({ ownerId: root, text: 'x', parentId: root }),
  ],
  ['a family archived', 'FOR NO KEY UPDATE', ({ root }) => store.apply(root, { name: 'archive' })],
  ['acquisition', CANDIDATES, () => acquireChats(pool, LOOKING)],
  ['the leases of a worker', 'WITH mine AS', ({ leases }) => renewLeases(pool, leases.workerId, leases.keys)],
  ['the hand-over of a worker', 'SKIP LOCKED', ({ leases }) => releaseChats(pool, leases.workerId)],
  [
    'the clean-up',
    'DELETE FROM chat_heartbeats',
    () => cleanUp(pool, { staleAfterSeconds: 30, historyRetentionDays: 14 }),
  ],
];

const askChat = (id: string, fields: string) => ask(`{ chatDebugSnapshot(chatId: "${id}") { ${fields} } }`);
const LOOKING = {
  workerId: randomUUID(),
  staleAfterSeconds: STALE_AFTER_SECONDS,
  clockAheadSeconds: 2,
  limit: 1,
  except: [],
};

interface Family {
  readonly root: string;
  readonly leases: { readonly workerId: string; readonly keys: readonly { chatId: string; runnerId: string }[] };
}

describe('a row of another chat is needed', () => {
  test('for what the page on performance lists, and for nothing else', () => {
    const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    const [, table = ''] = /<!-- crossing: .*? -->\n([\s\S]*?)\n\n/.exec(page) ?? [];
    const listed = [...table.matchAll(/^\| ([a-z][a-z -]+) \|/gm)].map(([, what]) => what);
    expect(listed).toEqual(['what', ...CROSSING.map(([what]) => what)]);
  });

  test.each(CROSSING)('for %s', async (_, part, operation) => {
    const workerId = await insertReplica(database.pool);
    const one = await insertHealthyChat(database.pool, { worker_id: workerId });
    const other = await insertHealthyChat(database.pool, { worker_id: workerId });
    await insertHeartbeat(database.pool, other.id, randomUUID(), "now() - interval '1 day'");
    const root = await insertChat(database.pool);
    await insertChat(database.pool, { parent_chat_id: root, root_chat_id: root, status: 'error' });
    const keys = [one, other].map(({ id, runnerId }) => ({ chatId: id, runnerId }));
    // A parent is another chat to the child that is created.
    await guarded(one.id, ...(part === 'INSERT INTO chats' ? [] : [root]));
    await Promise.allSettled([operation({ root, leases: { workerId, keys } })]);
    const refused = tap.refused.filter(({ state }) => state === ROW_OF_ANOTHER_CHAT);
    expect(refused.map(({ statement }) => statement)).toContainEqual(expect.stringContaining(part));
  });
});
