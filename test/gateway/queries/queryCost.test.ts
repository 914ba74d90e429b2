import { describe, expect, test } from '@jest/globals';
import {
  buildSchema,
  type DocumentNode,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isIntrospectionType,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { exampleQueries } from '../../../gateway/http/graphiql.ts';
import { readCostRules } from '../../../gateway/queries/costRules.ts';
import { makeCompileCost } from '../../../gateway/queries/queryCost.ts';
import { readSupergraph } from '../../../gateway/supergraph/file.ts';
import { settings } from '../../../server/settings/settings.ts';

const DIRECTIVES = `
  directive @cost(weight: Int!) on FIELD_DEFINITION
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
  directive @perReplica on FIELD_DEFINITION`;
const SCHEMA = `${DIRECTIVES}
  type Query {
    one: T  many: [T]  some: [T] @listSize(assumedSize: 3)  first(first: Int = 7, last: Int): [T] @listSize(slicingArguments: ["first", "last"])
    page(first: Int = 4): Page @listSize(slicingArguments: ["first"], sizedFields: ["items"])  byKeys(keys: [ID!]!): [T] @listSize(assumedSize: 50)
    all: [T] @perReplica @listSize(assumedSize: 6)  inAll: T @perReplica @cost(weight: 9)
  }
  type Page { items: [T!]!  others: [T] @listSize(assumedSize: 2) }
  type T { value: Int  dear: Int @cost(weight: 5)  heavy: T @cost(weight: 8)  one: T }`;

interface Given {
  variables?: Record<string, unknown>;
  replicas?: number | undefined;
}

const operationOf = ({ definitions }: DocumentNode) =>
  definitions.find((node) => node.kind === 'OperationDefinition') as OperationDefinitionNode;

test('the same document costs what its variables and the replicas say, each time anew', () => {
  const document = parse(
    `query ($n: Int = 2, $keys: [ID!]!) { first(first: $n) { value } byKeys(keys: $keys) { value } all { value } }`,
  );
  const estimate = makeCompileCost(readCostRules(buildSchema(SCHEMA, { assumeValid: true })))(
    document,
    operationOf(document),
  );
  const cost = (variables: Record<string, unknown>, replicas?: number) => estimate(variables, replicas);
  const keys = (count: number) => Array.from({ length: count }, String);
  for (const _ of ['first', 'and remembered']) {
    expect(cost({ n: 1, keys: keys(1) }, 1)).toBe(3);
    expect(cost({ n: 1, keys: keys(40) }, 1)).toBe(42);
    expect(cost({ n: 30, keys: keys(1) }, 1)).toBe(32);
    expect(cost({ n: 1, keys: keys(1) }, 10)).toBe(12);
    expect(cost({ n: 1, keys: keys(1) })).toBe(8);
    expect(cost({ keys: keys(1) }, 1)).toBe(4);
    expect(cost({ n: null, keys: keys(1) }, 1)).toBe(9);
    expect(cost({ n: 1, keys: 'one' }, 1)).toBe(3);
  }
});

const estimator = (sdl: string) => {
  const compile = makeCompileCost(readCostRules(buildSchema(sdl, { assumeValid: true })));
  return (query: string, { variables = {}, replicas }: Given = {}) => {
    const document = parse(query);
    return compile(document, operationOf(document))(variables, replicas);
  };
};

describe('by the directives of a schema', () => {
  const cost = estimator(SCHEMA);
  test.each<[number, string, Given?]>([
    [1, '{ one { value __typename } }'],
    [6, '{ one { value dear } }'],
    [9, '{ one { heavy { value } } }'],
    [3, '{ one { one { one { value } } } }'],
    [2, '{ one { value } again: one { value } }'],
    [10, '{ many { value } }'],
    [3, '{ some { value } }'],
    [6, '{ some { one { value } } }'],
    [7, '{ first { value } }'],
    [2, '{ first(first: 2) { value } }'],
    [0, '{ first(first: 0) { value } }'],
    [9, '{ first(first: 2, last: 9) { value } }'],
    [7, '{ first(first: null) { value } }'],
    [1_000, '{ first(first: 2000000000) { value } }'],
    [0, '{ first(first: -5) { value } }'],
    [12, 'query ($n: Int) { first(first: $n) { value } }', { variables: { n: 12 } }],
    [8, 'query ($n: Int = 8) { first(first: $n) { value } }'],
    [7, 'query ($n: Int) { first(first: $n) { value } }'],
    [7, 'query ($n: Int) { first(first: $n) { value } }', { variables: { n: 'no number' } }],
    [1 + 4 + 2, '{ page { items { value } others { value } } }'],
    [1 + 5, '{ page(first: 5) { ...F } } fragment F on Page { ... { items { value } } }'],
    [3, '{ byKeys(keys: ["a", "b", "c"]) { value } }'],
    [2, 'query ($k: [ID!]!) { byKeys(keys: $k) { value } }', { variables: { k: ['a', 'b'] } }],
    [1, '{ byKeys(keys: "a") { value } }'],
    [50, '{ byKeys { value } }'],
    [6, '{ all { value } }'],
    [4, '{ all { value } }', { replicas: 4 }],
    [4 * 9, '{ inAll { value } }', { replicas: 4 }],
    [3 + 4 * 2, '{ some { value } more: all { one { value } } }', { replicas: 4 }],
    [0, '{ unknown { value } ...Nowhere }'],
    [1, '{ ...F one { value } } fragment F on Query { ...F }'],
  ])('%d: %s', (expected, query, given = {}) => {
    expect(cost(query, given)).toBe(expected);
  });
});

describe('of the real schema', () => {
  const cost = estimator(readSupergraph(undefined));
  const ids = Array.from({ length: 100 }, (_, i) => `cccccccc-0000-4000-8000-${String(i).padStart(12, '0')}`);
  const limit = settings.MAX_COST.parse(undefined);
  const RUNTIME =
    'reachability { status } runners { runnerId activeTask { kind } tasks { kind } lease { ageSeconds } } messageBuffers { isClosed }';
  const EVERYTHING = `chatId executionState database { status heartbeat { isStale } heartbeats { isStale } messageStats { total byRole { role count } } } runtime { ${RUNTIME} } diagnosis { verdict summary findings { code evidence { value } } }`;

  test('every list of objects says how long it is', () => {
    const { fields, schema } = readCostRules(buildSchema(readSupergraph(undefined), { assumeValid: true }));
    const sized = [...fields].flatMap(([, { sizedFields }]) => sizedFields);
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || isIntrospectionType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        const isList = isListType(getNullableType(field.type)) && isObjectType(getNamedType(field.type));
        if (isList && !sized.includes(field.name)) expect([...fields.keys()]).toContain(`${type.name}.${field.name}`);
      }
    }
  });

  test('the examples of the page, an introspection, and a hundred suspects with all of both halves are answered', () => {
    const variables = { chatIds: ids };
    for (const { query } of exampleQueries()) expect(cost(query, { variables, replicas: 10 })).toBeLessThan(limit / 4);
    expect(cost(getIntrospectionQuery())).toBeLessThan(limit / 3);
    const suspects = `{ chats(filter: { suspect: true }, first: 100) { edges { cursor node { ${EVERYTHING} } } pageInfo { hasNextPage } } }`;
    expect(cost(suspects, { replicas: 100 })).toBeLessThan(limit * 0.8);
  });

  test('a hundred chats with all that tells of their trouble are answered, whatever could take them', () => {
    const trouble = `lastMessage { role hasText finishReason } turn { steps toolCalls } openCalls { id toolName timesUnanswered }
      oldestQueuedAgeSeconds lostChildren { chatId } unreadable trouble { canWrite ownerRow lockedBy { state } thresholds { loopSteps } }`;
    const chats = (fields: string) => `{ chats(first: 100) { edges { node { ${fields} } } } }`;
    const all = `${EVERYTHING} database { ${trouble} }`;
    expect(cost(chats(`database { ${trouble} } candidates { workerId }`), { replicas: 20 })).toBeLessThan(limit * 0.8);
    expect(cost(chats(all), { replicas: 3 })).toBeLessThan(limit);
  });

  test('candidates cost what their list may hold, however many replicas there are: each is asked once a request', () => {
    const query =
      'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { candidates { workerId reachability { status } } } }';
    const costs = [3, 20, 1_000].map((replicas) => cost(query, { variables: { ids }, replicas }));
    expect(new Set(costs).size).toBe(1);
    expect(costs[0]).toBeGreaterThanOrEqual(100 * 20);
    expect(costs[0]).toBeLessThan(limit);
  });

  test('what asks every replica costs at least as many requests', () => {
    const everywhere = (fields: string) =>
      `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { everywhere { ${fields} } } }`;
    const variables = { ids };
    for (const replicas of [1, 3, 1_000]) {
      expect(cost(everywhere('workerId'), { variables, replicas })).toBeGreaterThanOrEqual(100 * replicas);
      expect(cost('{ replicas { runtime { workerId } } }', { replicas })).toBeGreaterThanOrEqual(replicas);
    }
    expect(cost(everywhere('workerId runners { phase }'), { variables, replicas: 3 })).toBeLessThan(limit);
    expect(cost(everywhere(RUNTIME), { variables, replicas: 3 })).toBeLessThan(limit);
    expect(cost(everywhere('workerId'), { variables, replicas: 20 })).toBeGreaterThan(limit);
    expect(cost(everywhere(RUNTIME), { variables, replicas: 10 })).toBeGreaterThan(limit);
  });
});
