/** The executor over subgraphs that answer wrongly, and with names that objects have by themselves. */
import { expect, test } from '@jest/globals';
import { getOperationAST, parse, print } from 'graphql';
import { makeClientPaths } from '../../../gateway/execution/clientPaths.ts';
import { compileOperation } from '../../../gateway/execution/executor.ts';
import { withoutEmptySelections } from '../../../gateway/execution/planDocument.ts';
import type { AskSubgraph, SubgraphAnswer } from '../../../routing/transport/subgraphAnswer.ts';
import type { GraphqlBody } from '../../../server/graphql/question.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';
import { composed } from './composed.ts';
import { LINK } from './supergraphs.ts';

const ownSupergraph = await loadSupergraph();
const { apiSchema, fullSchema, plan, planKey } = ownSupergraph;

type Answers = Readonly<Record<string, (request: GraphqlBody) => SubgraphAnswer>>;

/** The answer over subgraphs that answer so. */
async function execute(
  query: string,
  answers: Answers,
  variables: Record<string, unknown> = {},
  { apiSchema, fullSchema, plan, planKey } = ownSupergraph,
) {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('It has no operation');
  const defects: unknown[] = [];
  const subgraph =
    (name: string): AskSubgraph<undefined> =>
    async (request) =>
      answers[name]?.(request) ?? { data: null };
  const options = {
    apiSchema,
    schema: fullSchema,
    planKey,
    subgraph,
    onDefect: (error: unknown) => defects.push(error),
  };
  const run = compileOperation(options, { document, operation, plan: plan(document, operation) });
  return { ...(await run(variables, undefined)), defects };
}

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-0000-4000-8000-000000000001`);
const W = 'dddddddd-0000-4000-8000-000000000001';
const RUNTIME = '{ chatDebugSnapshots(chatIds: []) { chatId runtime { localWorkerId } } }';
const owned = (chatId: string | undefined) => ({ chatId, runtime: { __typename: 'ChatRuntime', chatId, workerId: W } });

test('an error about an entity is on its chat, with null and unowned ones before it', async () => {
  const { data, errors } = await execute(RUNTIME, {
    database: () => ({ data: { chatDebugSnapshots: [null, { chatId: A, runtime: null }, owned(B), owned(C)] } }),
    runtime: () => ({
      data: { _entities: [{ localWorkerId: W }, { localWorkerId: null }] },
      errors: [{ message: 'No', path: ['_entities', 1, 'localWorkerId'], extensions: { code: 'X' }, locations: [] }],
    }),
  });
  expect(data).toEqual({
    chatDebugSnapshots: [
      null,
      { chatId: A, runtime: null },
      { chatId: B, runtime: { localWorkerId: W } },
      { chatId: C, runtime: { localWorkerId: null } },
    ],
  });
  const path = ['chatDebugSnapshots', 3, 'runtime', 'localWorkerId'];
  expect(errors).toEqual([{ message: 'No', path, extensions: { code: 'X' } }]);
});

test.each([[['_entities']], [['_entities', 7, 'x']], [['nothing']], [undefined]])(
  'an error at %j names no entity and so has no path',
  async (path) => {
    const { errors } = await execute(RUNTIME, {
      database: () => ({ data: { chatDebugSnapshots: [owned(A)] } }),
      runtime: () => ({ data: null, errors: [{ message: 'No', ...(path && { path }) }] }),
    });
    expect(errors).toEqual([{ message: 'No' }]);
  },
);

test.each([
  ['fewer entities', [{}]],
  ['more entities', [{}, {}, {}]],
  ['no list', { 0: {} }],
])('%s than were asked for cost that fetch alone', async (_, entities) => {
  const { data, errors, defects } = await execute(RUNTIME, {
    database: () => ({ data: { chatDebugSnapshots: [owned(A), owned(B)] } }),
    runtime: () => ({ data: { _entities: entities } }),
  });
  expect(data).toEqual({
    chatDebugSnapshots: [A, B].map((chatId) => ({ chatId, runtime: { localWorkerId: null } })),
  });
  expect(errors).toEqual([{ message: 'A subgraph could not be asked.' }]);
  expect(defects).toEqual([expect.any(Error)]);
});

test.each([
  ['a text', 'x'],
  ['a list', [1]],
  ['a number', 7],
  ['an object of another type', { __typename: 'Replica' }],
])('%s for an object is lost, and nothing else', async (_, database) => {
  const { data, lost } = await execute(
    '{ chats { edges { node { chatId } cursor } } chatDebugSnapshot(chatId: "x") { runtime { reachability { status } workerId } } }',
    {
      database: () => ({
        data: {
          chats: { edges: [{ node: { chatId: A }, cursor: 'c' }] },
          chatDebugSnapshot: { runtime: { __typename: 'ChatRuntime', chatId: A, workerId: W } },
        },
      }),
      runtime: () => ({ data: { _entities: [{ reachability: database }] } }),
    },
  );
  expect(data).toEqual({
    chats: { edges: [{ node: { chatId: A }, cursor: 'c' }] },
    chatDebugSnapshot: { runtime: null },
  });
  expect(lost).toEqual([{ message: expect.any(String), path: ['chatDebugSnapshot', 'runtime', 'reachability'] }]);
});

test('a value of the wrong kind for a leaf is null where it may be, and costs its object where it may not', async () => {
  const { data, lost } = await execute('{ replicas { ownedChats hostname } }', {
    database: () => ({ data: { replicas: [{ ownedChats: 'many', hostname: 'h' }] } }),
  });
  expect(data).toEqual({ replicas: null });
  expect(lost.map(({ path }) => path.join('.'))).toEqual(['replicas.0.ownedChats']);
});

test('names that objects have by themselves are names like any other', async () => {
  const query =
    '{ __proto__: chats { toString: edges { constructor: cursor } } hasOwnProperty: __typename valueOf: replicas { id } }';
  const { data } = await execute(query, {
    database: () => ({ data: JSON.parse('{ "__proto__": { "toString": [{ "constructor": "c" }] } }') }),
  });
  expect(JSON.stringify(data)).toBe(
    '{"__proto__":{"toString":[{"constructor":"c"}]},"hasOwnProperty":"Query","valueOf":null}',
  );
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  expect({}).not.toHaveProperty('toString.0');
});

test('what a subgraph says unasked is not in the answer', async () => {
  const { data } = await execute('{ chats { edges { cursor } } }', {
    database: () => ({ data: { chats: { edges: [{ cursor: 'c', secret: 's' }], more: 1 }, other: 2 } }),
  });
  expect(data).toEqual({ chats: { edges: [{ cursor: 'c' }] } });
});

test('conditions are those of each request, whatever was asked before', async () => {
  const query =
    'query ($with: Boolean! = true) { chats { edges @include(if: $with) { cursor } pageInfo @skip(if: $with) { hasNextPage } } }';
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('It has no operation');
  const sent: unknown[] = [];
  const options = {
    ...{ apiSchema, schema: fullSchema, planKey, onDefect: () => {} },
    subgraph:
      () =>
      async ({ variables }: GraphqlBody) => {
        sent.push(variables);
        return { data: { chats: { edges: [{ cursor: 'c' }], pageInfo: { hasNextPage: false } } } };
      },
  };
  const run = compileOperation(options, { document, operation, plan: plan(document, operation) });
  const answers = [];
  for (const variables of [{}, { with: false }, { with: true }, {}])
    answers.push((await run(variables, undefined)).data);
  const [edges, pageInfo] = [{ chats: { edges: [{ cursor: 'c' }] } }, { chats: { pageInfo: { hasNextPage: false } } }];
  expect(answers).toEqual([edges, pageInfo, edges, edges]);
  expect(sent).toEqual([{}, { with: false }, { with: true }, {}]);
});

test('a subgraph that throws costs what it was asked for', async () => {
  const { data, errors, defects } = await execute(`{ replicas { id runtime { runnerCount } } }`, {
    database: () => ({ data: { replicas: [{ id: W, runtime: { __typename: 'ReplicaRuntime', workerId: W } }] } }),
    runtime: () => {
      throw new Error('secret');
    },
  });
  expect(data).toEqual({ replicas: [{ id: W, runtime: { runnerCount: null } }] });
  expect(JSON.stringify(errors)).not.toContain('secret');
  expect(defects).toEqual([new Error('secret')]);
});

test('a variable of the client takes no place of one that a fetch has of its own', async () => {
  const asked: unknown[] = [];
  await execute(
    'query ($representations: Boolean!) { chatDebugSnapshots(chatIds: []) { runtime { observedAt localWorkerId @include(if: $representations) } } }',
    {
      database: () => ({ data: { chatDebugSnapshots: [owned(A)] } }),
      runtime: ({ variables }) => {
        asked.push(variables);
        return { data: null };
      },
    },
    { representations: true },
  );
  expect(asked).toEqual([{ representations: [{ __typename: 'ChatRuntime', chatId: A, workerId: W }] }]);
});

test('of a hundred thousand values that the schema does not allow, the first hundred are told', async () => {
  const { data, lost } = await execute('{ chatDebugSnapshots(chatIds: []) { executionState } }', {
    database: () => ({
      data: { chatDebugSnapshots: Array.from({ length: 100_000 }, () => ({ executionState: 'X' })) },
    }),
  });
  expect(data?.chatDebugSnapshots).toHaveLength(100_000);
  expect(lost).toHaveLength(100);
  expect(lost.at(-1)?.path).toEqual(['chatDebugSnapshots', 99, 'executionState']);
});

test('no value of a variable that only other operations of the document have makes one answer another', async () => {
  const document = parse(`
    query Before($x1: Boolean!) { chats @include(if: $x1) { edges { cursor } } }
    query Asked($a: Boolean!) { chats { edges @include(if: $a) { cursor } pageInfo { hasNextPage } } }
    query After($x2: Boolean!) { chats @include(if: $x2) { edges { cursor } } }`);
  const operation = getOperationAST(document, 'Asked');
  if (!operation) throw new Error('It has no operation');
  const options = {
    ...{ apiSchema, schema: fullSchema, planKey, onDefect: () => {} },
    subgraph: () => async () => ({
      data: { chats: { edges: [{ cursor: 'c' }], pageInfo: { hasNextPage: false } } },
    }),
  };
  const run = compileOperation(options, { document, operation, plan: plan(document, operation) });
  const pageInfo = { hasNextPage: false };
  const spoiling = await run({ x1: 'x', a: true, x2: 'false,y' }, undefined);
  expect(spoiling.data).toEqual({ chats: { edges: [{ cursor: 'c' }], pageInfo } });
  const spoiled = await run({ x1: 'x,true', a: false, x2: 'y' }, undefined);
  expect(spoiled.data).toEqual({ chats: { pageInfo } });
});

test('an error is at the key that its client gave the field, and at none where a diagnosis alone required it', async () => {
  const { errors } = await execute(
    '{ one: chatDebugSnapshot(chatId: "x") { database { runnerId: parentChatId } diagnosis { verdict } } }',
    {
      database: () => ({
        data: { one: { __typename: 'ChatDebugSnapshot', chatId: A, database: null, runtime: null } },
        errors: [
          { message: 'asked', path: ['one', 'database', 'own8_runnerId_parentChatId'] },
          { message: 'required', path: ['one', 'database', 'runnerId'] },
          { message: 'below', path: ['one', 'database', 'turn', 'steps'] },
        ],
      }),
    },
  );
  expect(errors).toEqual([
    { message: 'asked', path: ['one', 'database', 'runnerId'] },
    { message: 'required', path: ['one', 'database', 'runnerId'], asked: 2 },
    { message: 'below', path: ['one', 'database', 'turn', 'steps'], asked: 2 },
  ]);
});

test('an error about a field that the plan renamed is at the name that its client knows', async () => {
  const schemas = {
    items: `${LINK}
      type Query { items: [Item] }  union Item = A | B
      type A @key(fields: "id") { id: ID!  below: Below }  type B @key(fields: "id") { id: String }
      type Below { x: Int }`,
    more: `${LINK} type A @key(fields: "id") { id: ID!  more: Int }  type B @key(fields: "id") { id: String  other: Int }`,
  };
  const supergraphSdl = composed(schemas);
  let renamed = '';
  const { data, errors } = await execute(
    '{ items { ... on A { below { x } more } ... on B { id other } } }',
    {
      items: ({ query }) => {
        renamed = /\bid__alias_\d+/.exec(query)?.[0] ?? 'not renamed';
        return {
          data: {
            items: [
              { __typename: 'B', [renamed]: null },
              { __typename: 'A', id: '1', below: { x: 1 } },
            ],
          },
          errors: [
            { message: 'renamed', path: ['items', 0, renamed] },
            { message: 'not renamed', path: ['items', 1, 'below', 'x'] },
          ],
        };
      },
    },
    {},
    await loadSupergraph(supergraphSdl),
  );
  expect(renamed).toMatch(/__alias_/);
  expect(data).toEqual({
    items: [
      { id: null, other: null },
      { below: { x: 1 }, more: null },
    ],
  });
  expect(errors).toEqual([
    { message: 'renamed', path: ['items', 0, 'id'] },
    { message: 'not renamed', path: ['items', 1, 'below', 'x'] },
  ]);
});

test.each([true, 7, 'x', [{}]])('%j in place of an entity is null with an error', async (entity) => {
  const { data, errors, lost } = await execute(RUNTIME, {
    database: () => ({ data: { chatDebugSnapshots: [owned(A), owned(B)] } }),
    runtime: () => ({ data: { _entities: [{ localWorkerId: W }, entity] } }),
  });
  expect(data).toEqual({
    chatDebugSnapshots: [
      { chatId: A, runtime: { localWorkerId: W } },
      { chatId: B, runtime: { localWorkerId: null } },
    ],
  });
  expect(errors).toEqual([{ message: expect.any(String), path: ['chatDebugSnapshots', 1, 'runtime'] }]);
  expect(lost).toEqual([]);
});

test.each([2 ** 31, -(2 ** 31) - 1, 3e9, 1.5, Number.MAX_SAFE_INTEGER])('%d is no Int', async (capacity) => {
  const answer = (value: number) =>
    execute('{ replicas { id runtime { capacity } } }', {
      database: () => ({ data: { replicas: [{ id: W, runtime: { __typename: 'ReplicaRuntime', workerId: W } }] } }),
      runtime: () => ({ data: { _entities: [{ capacity: value }] } }),
    });
  const { data, lost } = await answer(capacity);
  expect(data).toEqual({ replicas: [{ id: W, runtime: { capacity: null } }] });
  expect(lost.map(({ path }) => path.join('.'))).toEqual(['replicas.0.runtime.capacity']);
  for (const value of [2 ** 31 - 1, -(2 ** 31), 0]) expect((await answer(value)).lost).toEqual([]);
});

test('a bad value in an object that stands in several places is told for each', async () => {
  const shared = { reason: 7, status: 'OK' };
  const { data, lost } = await execute(
    '{ chatDebugSnapshot(chatId: "x") { runtime { reachability { reason status } } everywhere { reachability { reason status } } } }',
    {
      database: () => ({
        data: {
          chatDebugSnapshot: { runtime: owned(A).runtime, everywhere: [owned(A).runtime, owned(B).runtime], chatId: A },
        },
      }),
      runtime: ({ variables = {} }) => ({
        data: { _entities: (variables.representations as unknown[]).map(() => ({ reachability: shared })) },
      }),
    },
  );
  const reachability = { reason: null, status: 'OK' };
  const runtime = { reachability };
  expect(data).toEqual({ chatDebugSnapshot: { runtime, everywhere: [runtime, runtime] } });
  expect(lost.map(({ path }) => path.join('.'))).toEqual([
    'chatDebugSnapshot.runtime.reachability.reason',
    'chatDebugSnapshot.everywhere.0.reachability.reason',
    'chatDebugSnapshot.everywhere.1.reachability.reason',
  ]);
});

test.each([
  ['replicas { id @include(if: $b) }', { replicas: [{}] }],
  ['replicas @skip(if: $b) { id @include(if: $b) }', { replicas: [{}] }],
  ['chats { ...F }', { chats: { pageInfo: {} } }],
])('an object of which the conditions leave nothing is an empty object, and not null: %s', async (selections, data) => {
  const query = `query ($b: Boolean!) { ${selections} }
    fragment F on ChatDebugSnapshotConnection { pageInfo { ... @include(if: $b) { hasNextPage } } }`;
  const answer = await execute(query, { database: () => ({ data: JSON.parse(JSON.stringify(data)) }) }, { b: false });
  expect([answer.data, answer.lost]).toEqual([data, []]);
});

test('fragments that stand twice in each other are read once', async () => {
  const chain = Array.from({ length: 24 }, (_, i) => `fragment F${i} on Chats { ...F${i + 1} ...F${i + 1} }`);
  const text = `query ($b: Boolean!) { chats { ...F0 } } ${chain.join(' ')} fragment F24 on Chats { edges @include(if: $b) { cursor } }`;
  const document = withoutEmptySelections(parse(text));
  const operation = getOperationAST(document);
  if (!operation) throw new Error('It has no operation');
  expect(print(operation)).toContain('__typename');
  const place = makeClientPaths(document, operation, planKey);
  expect(place(['chats', 'edges', 0, 'cursor'])).toEqual({ path: ['chats', 'edges', 0, 'cursor'], asked: 4 });
});
