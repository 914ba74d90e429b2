/** Entities by their keys, as a gateway asks for them, under the rules of the fields of Query. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { signInternalToken } from '../../../server/tokens/internalToken.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertReplica } from './support/rows.ts';
import { asking, entities, OPERATOR, post, SECRET, start, subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);
const chat = (chatId: unknown) => ({ __typename: 'ChatDebugSnapshot', chatId });
const FIELDS = '... on ChatDebugSnapshot { chatId executionState } ... on Replica { hostname }';
const shown = (chatId: string) => ({ __typename: 'ChatDebugSnapshot', chatId, executionState: 'W' });

test('are as many as representations, in their order, duplicates included, null where there is none', async () => {
  const [a, b] = [await insertChat(database.pool), await insertChat(database.pool)];
  const replica = await insertReplica(database.pool);
  const representations = [
    chat(b),
    chat(randomUUID()),
    { __typename: 'Replica', id: replica },
    chat(a),
    chat(b.toUpperCase()),
  ];
  const { data, errors } = await entities(ask, representations, FIELDS);
  expect(errors).toEqual([]);
  expect(data?._entities).toEqual([shown(b), null, { __typename: 'Replica', hostname: 'host' }, shown(a), shown(b)]);
});

test('one with a malformed id is refused, and the others are answered', async () => {
  const id = await insertChat(database.pool);
  const { data, errors } = await entities(ask, [chat('x'), chat(id), chat(undefined), chat(7)], FIELDS);
  expect(data?._entities).toEqual([null, shown(id), null, null]);
  expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual(
    [0, 2, 3].map((i) => [['_entities', i], 'BAD_USER_INPUT']),
  );
});

test.each([
  ['of no type of this schema', { __typename: 'Nope' }],
  ['of a type that has no key', { __typename: 'Query' }],
  ['of a type whose name is none', { __typename: 7 }],
  ['without a type', { chatId: randomUUID() }],
  ['that is a list', [chat(randomUUID())]],
  ['that is a text', 'ChatDebugSnapshot'],
])('one %s costs the request, with a sentence about it', async (_what, wrong) => {
  const refused = await entities(ask, [chat('x'), wrong], FIELDS);
  expect([refused.status, refused.data]).toEqual([400, undefined]);
  expect(refused.errors).toMatchObject([
    { message: expect.stringContaining('representations[1]'), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

test.each([
  '{ a: _entities(representations: [{ __typename: "Replica" id: "x" }, { __typename: "Nope" }]) { __typename } }',
  '{ ...F } fragment F on Query { _entities(representations: [{ __typename: "Replica" id: "x" }, 7]) { __typename } }',
  'query ($t: _Any! = { __typename: "Nope" }) { _entities(representations: [{ __typename: "Replica" id: "x" }, $t]) { __typename } }',
  'query ($r: [_Any!]! = [{ __typename: "Replica" id: "x" }, "Nope"]) { _entities(representations: $r) { __typename } }',
])('wrong ones are found wherever they are written: %s', async (query) => {
  const { status, errors } = await ask(query);
  expect([status, errors[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
});

test('of somebody else look exactly like missing ones', async () => {
  const owner = randomUUID();
  const id = await insertChat(database.pool, { owner_id: owner });
  const others = await entities(ask, [chat(id)], FIELDS, user(randomUUID()));
  const missing = await entities(ask, [chat(randomUUID())], FIELDS, user(owner));
  expect(others.text).toBe(missing.text);
  expect(others.data).toEqual({ _entities: [null] });
  expect((await entities(ask, [chat(id)], FIELDS, user(owner.toUpperCase()))).data).toEqual({ _entities: [shown(id)] });
});

test('a sub that is no id owns nothing', async () => {
  const id = await insertChat(database.pool);
  expect((await entities(ask, [chat(id)], FIELDS, user('operator'))).data).toEqual({ _entities: [null] });
});

test('no call without a token for this audience gets any data', async () => {
  const server = await start({ databaseUrl: database.url });
  try {
    const body = { query: '{ chats { edges { cursor } } _service { sdl } }' };
    const bearer = async (secret: string, audience: string) => ({
      authorization: `Bearer ${await signInternalToken(secret, audience, OPERATOR)}`,
    });
    const refused = [
      {},
      { authorization: 'Bearer nonsense' },
      await bearer(SECRET, 'router'),
      await bearer(SECRET, randomUUID()),
      await bearer(`${SECRET} of somebody else`, 'database'),
    ];
    for (const headers of refused) {
      const { status, data, errors } = await post(server.url, body, headers as Record<string, string>);
      expect([status, data]).toEqual([401, undefined]);
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
    expect((await asking(() => server.url)(body.query)).errors).toEqual([]);
  } finally {
    await server.stop();
  }
});

test('a browser gets no page from here', async () => {
  const server = await start({ databaseUrl: database.url });
  try {
    const response = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } });
    expect([response.status, response.headers.get('content-type')]).toEqual([401, expect.stringContaining('json')]);
    expect(await response.text()).not.toContain('<');
  } finally {
    await server.stop();
  }
});
