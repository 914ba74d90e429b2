/** Which changes of an answer count. */
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type OperationDefinitionNode, parse } from 'graphql';
import type { AnswerBody } from '../../../server/graphql/answer.ts';
import { compileIsSame } from '../../../server/graphql/changes.ts';
import { readMarkedFields } from '../../../server/graphql/markedFields.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';

const schema = buildSchema(`
  directive @clock on FIELD_DEFINITION
  scalar JSON
  type Query { a: A  list: [A]  either: [Either!] }
  type A { value: Int  age: Float @clock  more: JSON  below: A  ages: [Float!] @clock }
  type B { value: Int }
  union Either = A | B`);
const compare = (query: string, before: AnswerBody, after: AnswerBody, variables = {}) => {
  const document = parse(query);
  const operation = document.definitions[0] as OperationDefinitionNode;
  return compileIsSame(schema, readMarkedFields(schema, 'clock'), document, operation)(variables)(before, after);
};
const data = (a: unknown): AnswerBody => ({ data: { a } });

describe('of data', () => {
  const QUERY = '{ a { value age x: age more below { value age } ages } }';
  const before = { value: 1, age: 2, x: 3, more: { k: [1, { z: 2 }] }, below: { value: 4, age: 5 }, ages: [1] };
  test.each([
    ['nothing', before, true],
    ['an age, under its name and an alias', { ...before, age: 20, x: 30 }, true],
    ['an age below', { ...before, below: { value: 4, age: 50 } }, true],
    ['a list of ages', { ...before, ages: [1, 2, 3] }, true],
    ['a value', { ...before, value: 2 }, false],
    ['a value below', { ...before, below: { value: 5, age: 5 } }, false],
    ['part of a JSON value', { ...before, more: { k: [1, { z: 3 }] } }, false],
    ['an age that is not known any more', { ...before, age: null }, false],
    ['an object that is gone', { ...before, below: null }, false],
    ['everything', null, false],
  ])('%s', (_what, after, isSame) => {
    expect(compare(QUERY, data(before), data(after))).toBe(isSame);
    expect(compare(QUERY, data(after), data(before))).toBe(isSame);
  });

  test('a list: its length and its order', () => {
    const list = (...values: number[]) => ({ data: { list: values.map((value, age) => ({ value, age })) } });
    const same = (before: AnswerBody, after: AnswerBody) => compare('{ list { value age } }', before, after);
    expect(same(list(1, 2), list(1, 2))).toBe(true);
    expect(same(list(1, 2), list(2, 1))).toBe(false);
    expect(same(list(1, 2), list(1))).toBe(false);
  });

  test('objects of several types', () => {
    const query = '{ either { __typename ... on A { value age } ... on B { value } } }';
    const of = (...either: object[]) => ({ data: { either } });
    const a = { __typename: 'A', value: 1, age: 2 };
    expect(compare(query, of(a), of({ ...a, age: 3 }))).toBe(true);
    expect(compare(query, of(a), of({ ...a, value: 3 }))).toBe(false);
    expect(compare(query, of(a), of({ __typename: 'B', value: 1 }))).toBe(false);
  });

  test('a field that a condition leaves out', () => {
    const query = 'query ($all: Boolean! = false) { a { age value @include(if: $all) } }';
    expect(compare(query, data({ age: 1 }), data({ age: 2 }))).toBe(true);
    expect(compare(query, data({ age: 1 }), data({ age: 2 }), { all: false })).toBe(true);
    expect(compare(query, data({ age: 1, value: 1 }), data({ age: 1, value: 2 }), { all: true })).toBe(false);
  });
});

describe('of errors', () => {
  const error = (message: string, code: string, path: string[] = ['a']): AnswerBody => ({
    data: { a: null },
    errors: [{ message, path, extensions: { code } }],
  });
  test.each([
    ['their words', error('after 2 s', 'X'), true],
    ['the code', error('after 1 s', 'Y'), false],
    ['the place', error('after 1 s', 'X', ['a', 'b']), false],
    ['that there is none', { data: { a: null } }, false],
  ])('%s', (_what, after, isSame) => {
    expect(compare('{ a { value } }', error('after 1 s', 'X'), after)).toBe(isSame);
  });
});

/** Fields of the supergraph whose names tell an age or a duration, and that do not have it. */
const COUNTED = [
  ...['ChatDatabaseState.updatedAt', 'Heartbeat.heartbeatAt', 'Replica.updatedAt'],
  ...['RunnerTask.lastProgressAt', 'RunnerLease.renewedAt', 'LoopHealth.lastRunAt', 'Reachability.reason'],
];

test('the schema marks every age and duration, and the words of a diagnosis', async () => {
  const { fullSchema } = await loadSupergraph();
  const clock = readMarkedFields(fullSchema, 'clock');
  const fields = Object.values(fullSchema.getTypeMap()).flatMap((type) =>
    'getFields' in type && !type.name.startsWith('__')
      ? Object.values(type.getFields()).map(({ name }) => `${type.name}.${name}`)
      : [],
  );
  const aged = fields.filter((name) => /(?:Ms|[sS]econds|Age|elapsed)\b|[sS]econds[A-Z]/.test(name));
  const fixed = /(?:stale|interval|progressWithin|acquisitionInterval|noProgress|clockAhead|longestRetry)\w*Seconds$/i;
  expect(aged.filter((name) => !clock.has(name) && !fixed.test(name))).toEqual([]);
  expect(COUNTED.filter((name) => clock.has(name) || !fields.includes(name))).toEqual([]);
  for (const name of ['Diagnosis.summary', 'Finding.message', 'Finding.suggestion', 'Evidence.value']) {
    expect([name, clock.has(name)]).toEqual([name, true]);
  }
});
