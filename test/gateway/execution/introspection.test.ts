/** Questions about the schema, anywhere in an operation. */
import { expect, test } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import { compileOperation } from '../../../gateway/execution/executor.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';

const { apiSchema, fullSchema, plan, planKey } = await loadSupergraph();
const SCHEMA = { queryType: { name: 'Query' } };
const CHATS = { pageInfo: { hasNextPage: false } };

async function execute(query: string, variables: Record<string, unknown>, name?: string) {
  const document = parse(query);
  const operation = getOperationAST(document, name);
  if (!operation) throw new Error('It has no operation');
  const asked: string[] = [];
  const options = {
    ...{ apiSchema, schema: fullSchema, planKey, onDefect: () => {} },
    subgraph: (name: string) => async () => {
      asked.push(name);
      return { data: { chats: { ...CHATS }, releaseChat: { outcome: 'DONE' } } };
    },
  };
  const run = compileOperation(options, { document, operation, plan: plan(document, operation) });
  const { data, errors, lost } = await run(variables, undefined);
  return { data, asked, wrong: [...errors, ...lost] };
}

const CHATS_TOO = 'chats { pageInfo { hasNextPage } }';
test.each([
  ['a condition around it', '... @include(if: $b) { __schema { queryType { name } } }', []],
  [
    'a condition around it, beside data',
    `... @include(if: $b) { __schema { queryType { name } } } ${CHATS_TOO}`,
    ['database'],
  ],
  [
    'a condition around it and data',
    `... @include(if: $b) { __schema { queryType { name } } ${CHATS_TOO} }`,
    ['database'],
  ],
  ['fragments in fragments', '... { ... on Query @include(if: $b) { ... { __schema { queryType { name } } } } }', []],
  ['a condition of its own', '__schema @include(if: $b) { queryType { name } }', []],
])('%s', async (_, selections, subgraphs) => {
  const query = `query ($b: Boolean!) { ${selections} }`;
  const withData = selections.includes('chats');
  expect(await execute(query, { b: true })).toEqual({
    data: { __schema: SCHEMA, ...(withData && { chats: CHATS }) },
    asked: subgraphs,
    wrong: [],
  });
  const { data, wrong } = await execute(query, { b: false });
  expect(data).toEqual(selections.endsWith(CHATS_TOO) ? { chats: CHATS } : {});
  expect(wrong).toEqual([]);
});

test('aliases, variables and named fragments', async () => {
  const { data, wrong } = await execute(
    `query ($b: Boolean!, $name: String!) { ...F @include(if: $b) chats { pageInfo { hasNextPage } } }
      fragment F on Query { one: __type(name: $name) { ...T } two: __type(name: "Verdict") { ...T } }
      fragment T on __Type { name kind }`,
    { b: true, name: 'Finding' },
  );
  expect(wrong).toEqual([]);
  expect(data).toEqual({
    one: { name: 'Finding', kind: 'OBJECT' },
    two: { name: 'Verdict', kind: 'ENUM' },
    chats: CHATS,
  });
});

test('what another operation of the document asks of the schema costs a mutation nothing', async () => {
  const mutation =
    'mutation M { ... on Mutation { releaseChat(id: "x", reason: "y", idempotencyKey: "z") { outcome } } }';
  const { data } = await execute(`query Q { __schema { queryType { name } } } ${mutation}`, {}, 'M');
  expect(data).toEqual({ releaseChat: { outcome: 'DONE' } });
});

test('null for a name, which a variable with a default may hold, is an error', async () => {
  const query =
    'query ($name: String = "Verdict") { one: __type(name: $name) { name } chats { pageInfo { hasNextPage } } }';
  expect(await execute(query, {})).toMatchObject({ data: { one: { name: 'Verdict' } }, wrong: [] });
  const { data, wrong } = await execute(query, { name: null });
  expect(data).toEqual({ one: null, chats: CHATS });
  expect(wrong).toEqual([
    { message: expect.stringContaining('"name"'), path: ['one'], extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});
