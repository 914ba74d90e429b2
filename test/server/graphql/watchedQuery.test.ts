/** A subscription as the query that answers it. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type GraphQLSchema, getOperationAST, parse, print, validate } from 'graphql';
import { readMarkedFields } from '../../../server/graphql/markedFields.ts';
import { watchedQuery } from '../../../server/graphql/watchedQuery.ts';
import { clientSchema } from '../../support/clientSchema.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';

let schema: GraphQLSchema;
let perCaller: ReadonlySet<string>;
beforeAll(async () => {
  schema = await clientSchema();
  perCaller = readMarkedFields((await loadSupergraph()).fullSchema, 'perCaller');
});

function watched(text: string, name?: string) {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operation = getOperationAST(document, name);
  if (!operation) throw new Error('no operation');
  const query = watchedQuery(schema, perCaller, document, operation);
  expect(validate(schema, parse(query.text))).toEqual([]);
  return query;
}
const sameText = (text: string, expected: string) => expect(watched(text).text).toBe(print(parse(expected)));

describe('its text', () => {
  test('lacks the rate, and the variable that only the rate has', () => {
    sameText(
      'subscription Why($chat: UUID!, $ms: Int) { chatDebugSnapshot(chatId: $chat, everyMs: $ms) { chatId } }',
      'query Why($chat: UUID!) { chatDebugSnapshot(chatId: $chat) { chatId } }',
    );
  });

  test('keeps a variable that stands elsewhere, too', () => {
    sameText(
      'subscription ($n: Int) { chats(first: $n, everyMs: $n) { edges { cursor } } }',
      'query ($n: Int) { chats(first: $n) { edges { cursor } } }',
    );
  });

  test('keeps aliases and fragments, also those on the root', () => {
    sameText(
      `subscription { ...Root } fragment Root on Subscription { ... on Subscription { all: replicas(everyMs: 500) { ...One } } }
       fragment One on Replica { id }`,
      'query { ...Root } fragment Root on Query { ... on Query { all: replicas { ...One } } } fragment One on Replica { id }',
    );
  });

  test('is of one operation of a document', () => {
    const { text } = watched('query A { __typename } subscription B { replicas { id } }', 'B');
    expect(text).toBe(print(parse('query B { replicas { id } }')));
  });
});

describe('its answer', () => {
  test.each([
    ['offers', 'subscription { chatDebugSnapshot(chatId: "x") { actions { token } } }', true],
    ['offers under another name', 'subscription { chatDebugSnapshot(chatId: "x") { all: actions { action } } }', true],
    [
      'offers of a list, in a fragment',
      `subscription ($no: Boolean = false) { chats { edges { node { ...One } } } }
       fragment One on ChatDebugSnapshot { ... @include(if: $no) { actions { action } } }`,
      true,
    ],
    ['records of actions', 'subscription { chatDebugSnapshot(chatId: "x") { actionRecords { id } } }', false],
    ['actions of an incident', 'subscription { incidents { edges { node { actions { id } } } } }', false],
    ['a snapshot', 'subscription { chatDebugSnapshot(chatId: "x") { diagnosis { verdict } } }', false],
    [
      'a snapshot, beside a query for offers',
      `subscription B { chatDebugSnapshot(chatId: "x") { chatId } }
       query A { chatDebugSnapshot(chatId: "x") { actions { action } } }`,
      false,
    ],
  ])('depends on who asks: %s', (_what, text, expected) => {
    expect(watched(text, text.includes('subscription B') ? 'B' : undefined).isPerCaller).toBe(expected);
  });
});

describe('its rate', () => {
  test.each([
    ['left out', 'subscription { replicas { id } }', {}, 1_000],
    ['null', 'subscription { replicas(everyMs: null) { id } }', {}, 1_000],
    ['literal', 'subscription { replicas(everyMs: 300) { id } }', {}, 300],
    ['a variable', 'subscription ($ms: Int) { replicas(everyMs: $ms) { id } }', { ms: 400 }, 400],
    ['a variable that is left out', 'subscription ($ms: Int) { replicas(everyMs: $ms) { id } }', {}, 1_000],
    ['the default of a variable', 'subscription ($ms: Int = 700) { replicas(everyMs: $ms) { id } }', {}, 700],
  ])('%s', (_what, text, variables, expected) => {
    expect(watched(text).everyMs(variables)).toBe(expected);
  });
});

test('every subscription has the arguments of the query of the same name, and its type', () => {
  const [query, subscription] = [schema.getQueryType()?.getFields(), schema.getSubscriptionType()?.getFields()];
  const fields = Object.values(subscription ?? {});
  expect(fields.map(({ name }) => name).sort()).toEqual(['chatDebugSnapshot', 'chats', 'incidents', 'replicas']);
  for (const { name, type, args } of fields) {
    const twin = query?.[name];
    expect([name, String(type)]).toEqual([name, String(twin?.type)]);
    const known = twin?.args.map((arg) => `${arg.name}: ${arg.type} = ${arg.defaultValue}`);
    const own = args
      .filter((arg) => arg.name !== 'everyMs')
      .map((arg) => `${arg.name}: ${arg.type} = ${arg.defaultValue}`);
    expect(own.filter((arg) => !known?.includes(arg))).toEqual([]);
    expect(args.at(-1)?.name).toBe('everyMs');
  }
});
