/**
 * The database subgraph asked over HTTP, as an ordinary request and not, and in process: the same answers, to the byte.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { schemaOf } from '../../../bench/support/madeUp.ts';
import { RANDOM_VARIABLES, randomQueries } from '../../../bench/support/randomQueries.ts';
import type { GraphqlBody } from '../../../server/graphql/question.ts';
import { type Caller, signInternalToken } from '../../../server/tokens/internalToken.ts';
import {
  insertChat,
  insertHealthyChat,
  insertHeartbeat,
  insertMessages,
  insertReplica,
  queueMessages,
} from '../../subgraphs/database/support/rows.ts';
import { OPERATOR, user } from '../../subgraphs/database/support/subgraph.ts';
import { askBothRoutes } from '../../support/bothRoutes.ts';
import { clientSchema } from '../../support/clientSchema.ts';
import { databasePerFile } from '../../support/database.ts';
import { hideOtherSessions, stopTime } from '../../support/stoppedTime.ts';
import { callerToken, gatewaysPerTest, INTERNAL_SECRET } from '../gateways.ts';
import { openWays, type Ways } from './ways.ts';

jest.setTimeout(180_000); // for a machine under load

const database = databasePerFile();
const startGateway = gatewaysPerTest();
const held: { ways?: Ways } = {};
const ways = (): Ways => {
  if (!held.ways) throw new Error('The ways are open once the tests run');
  return held.ways;
};

const CHAT = RANDOM_VARIABLES.id;
const OWNER = randomUUID();
const CALLERS: readonly Caller[] = [OPERATOR, user(OWNER), user(randomUUID()), user('no id')];
/** Values that JSON treats in its own way. */
const ODD = {
  ...{ ['__proto__']: { toString: 'x' }, constructor: null, '': [[], {}, [null, true, 1e21, -0.5, 1.7e-7]] },
  ...{ text: '"\\\u2028\u0001 é 😀</script>', toJSON: 'own', data: { errors: [] } },
};

beforeAll(async () => {
  const { pool } = database;
  const text = JSON.stringify(ODD);
  await insertReplica(pool, { id: CHAT, started_at: `'0999-01-01'` });
  await insertReplica(pool, { stopped_at: 'now()', error: 'it "broke"\n' });
  await insertHealthyChat(pool, {
    id: CHAT,
    owner_id: OWNER,
    title: ODD.text.replaceAll('\u0001', ''),
    worker_id: CHAT,
  });
  await insertHeartbeat(pool, CHAT, randomUUID(), `now() - interval '1 hour 0.123456 s'`);
  await insertMessages(pool, CHAT, 'user', 3);
  await insertMessages(pool, CHAT, 'assistant', 2, true);
  await queueMessages(pool, CHAT, 2);
  await insertChat(pool, { status: 'error', last_error: text, retry_state: '[1.50, "2100-01-01"]', owner_id: OWNER });
  await insertChat(pool, { status: 'paused', retry_state: '{"retrying_at": "2020-01-01T00:00:00Z"}' });
  await insertChat(pool, {
    status: 'requires_action',
    requires_action_deadline_at: `'12345-01-01'`,
    updated_at: `'2001-02-03 04:05:06.789012'`,
  });
  await insertChat(pool, { status: 'running', archived: true, worker_id: randomUUID(), runner_id: randomUUID() });
  await stopTime(pool);
  await hideOtherSessions(pool);
  held.ways = await openWays(database.url);
});
afterAll(() => held.ways?.close());

/** True if it consists of JSON values, and of nothing that only becomes one when it is written. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || prototype === Object.prototype) && Object.values(value).every(isJson);
}

/** @returns the text of all */
async function askAll(question: GraphqlBody, caller: Caller): Promise<string> {
  const [overHttp, inProcess] = [
    await ways().overHttp.ask(question, { caller }),
    await ways().inProcess.ask(question, { caller }),
  ];
  expect(JSON.stringify(inProcess)).toBe(JSON.stringify(overHttp));
  expect(inProcess.status === 'OK' && isJson(inProcess.body)).toBe(true);
  const token = await signInternalToken(INTERNAL_SECRET, 'database', caller);
  const text = await askBothRoutes(ways().server.url, token, question);
  expect(overHttp.status === 'OK' && `${JSON.stringify(overHttp.body)}\n`).toBe(text);
  return JSON.stringify(overHttp);
}

describe('the subgraph', () => {
  test('random queries of every kind of caller', async () => {
    const told: Record<string, number> = { data: 0, BAD_USER_INPUT: 0, FORBIDDEN: 0, GRAPHQL_VALIDATION_FAILED: 0 };
    for (const [i, query] of randomQueries(schemaOf('database'), 20_261_122, 80, 1_500).entries()) {
      const caller = CALLERS[i % CALLERS.length] ?? OPERATOR;
      const text = await askAll({ query, variables: RANDOM_VARIABLES }, caller);
      for (const word of Object.keys(told)) if (text.includes(`"${word}"`)) told[word] = (told[word] ?? 0) + 1;
    }
    expect(told.data).toBeGreaterThan(20);
    expect(told.FORBIDDEN).toBeGreaterThan(6);
    expect(told.GRAPHQL_VALIDATION_FAILED).toBeGreaterThan(0);
  });

  const entities = (representations: unknown[]): GraphqlBody => ({
    query: `query Fetch__database__1($representations: [_Any!]!) { _entities(representations: $representations) {
      ... on ChatDebugSnapshot { __typename chatId executionState database { lastError retryState title } }
      ... on Replica { startedAt ownedChats runtime { workerId } } } }`,
    variables: { representations },
    operationName: 'Fetch__database__1',
  });
  const one = (rest: string) => ({ query: `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${rest} } }` });

  test.each<[string, GraphqlBody]>([
    [
      'everything of the odd ones',
      {
        query:
          '{ chats(first: 100) { edges { cursor node { takenAt database { title lastError retryState updatedAt requiresActionDeadlineAt retrySecondsLeft } } } } }',
      },
    ],
    [
      'entities',
      entities([
        { __typename: 'ChatDebugSnapshot', chatId: CHAT },
        { __typename: 'Replica', id: CHAT },
        { __typename: 'ChatDebugSnapshot', chatId: randomUUID() },
        { __typename: 'ChatDebugSnapshot', chatId: CHAT },
      ]),
    ],
    [
      'an entity with a malformed id beside another',
      entities([
        { __typename: 'ChatDebugSnapshot', chatId: 'x' },
        { __typename: 'Replica', id: CHAT },
      ]),
    ],
    ['what is no entity', entities([{ __typename: 'Nope' }])],
    ['no list of entities', { ...entities([]), variables: { representations: 7 } }],
    ['a malformed id', { ...one('chatId'), variables: { id: 'x' } }],
    ['a malformed literal', { query: '{ chatDebugSnapshot(chatId: "x") { chatId } }' }],
    ['no variable', one('chatId')],
    ['a syntax error', { query: '{ chats(' }],
    ['an unknown field', { query: '{ nonsense }' }],
    ['nothing', { query: '' }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['what it is made of', { query: '{ _service { sdl } }' }],
    ['a mutation', { query: 'mutation { x }' }],
    ['an operation that there is not', { query: 'query A { __typename }', operationName: 'B' }],
    ['two operations and no name', { query: 'query A { __typename } query B { __typename }' }],
    [
      '101 ids',
      {
        query: 'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId } }',
        variables: { ids: Array.from({ length: 101 }, () => CHAT) },
      },
    ],
    [
      'a page that is too large, and one that is not',
      { query: '{ a: chats(first: 101) { edges { cursor } } b: chats(first: 1) { edges { cursor } } }' },
    ],
    ['a bad cursor', { query: '{ chats(after: "x") { edges { cursor } } }' }],
    [
      'replicas',
      {
        query:
          '{ replicas { id error startedAt stoppedAt isAlive } replica(id: "00000000-0000-0000-0000-000000000000") { id } }',
      },
    ],
    ['every replica about a chat', { ...one('everywhere { chatId workerId }'), variables: { id: CHAT } }],
  ])('%s', async (_, question) => {
    for (const caller of CALLERS) await askAll(question, caller);
  });
});

test('through two gateways, random queries are answered with the same bytes', async () => {
  const options = { maxCost: 1e9, replicas: { isDisabled: true } };
  const overHttp = await startGateway(ways().server, options);
  const kept = { ...ways().inProcess, close: async () => {} }; // the other tests go on with it
  const inProcess = await startGateway(ways().server, { ...options, openDatabase: () => kept });
  const tokens = await Promise.all(CALLERS.map(({ sub, roles }) => callerToken({ sub, roles })));
  let answered = 0;
  for (const [i, query] of randomQueries(await clientSchema(), 7, 40, 1_500).entries()) {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[i % tokens.length]}` },
      body: JSON.stringify({ query, variables: RANDOM_VARIABLES }),
    };
    const [first, second] = [
      await fetch(`${overHttp.url}/graphql`, init),
      await fetch(`${inProcess.url}/graphql`, init),
    ];
    const text = await first.text();
    expect([second.status, await second.text()]).toEqual([first.status, text]);
    if (text.startsWith('{"data":{')) answered += 1;
  }
  expect(answered).toBeGreaterThan(13);
});
