import { describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery, parse } from 'graphql';
import { exampleQueries } from '../../../gateway/http/graphiql.ts';
import { LIMITS, type Limit, limitPassed, tooComplex } from '../../../gateway/queries/documentLimits.ts';

const passed = (query: string) => limitPassed(parse(query));

const times = (count: number, part: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join(' ');

/** Queries exactly at the limit, given its figure; one more must be refused. */
const AT_LIMIT: Readonly<Partial<Record<Limit, (n: number) => string>>> = {
  operations: (n) => times(n, (i) => `query Q${i} { a }`),
  'fragment definitions': (n) => `{ a } ${times(n, (i) => `fragment F${i} on T { a }`)}`,
  'levels of nesting': (n) => `${'{ a '.repeat(n)}${'}'.repeat(n)}`,
  'fields and fragments': (n) => `{ a { ${times(n - 1, (i) => `f${i}`)} } }`,
  'fields at the root': (n) => `{ ${times(n, (i) => `f${i}`)} }`,
  aliases: (n) => `{ a { ${times(n, (i) => `f${i}: a`)} } }`,
  directives: (n) => `query @d { ... @d { a ${times(n - 2, () => '@d')} } }`,
  'fields of the same name under one parent object': (n) => `{ ${times(n - 1, () => 'a')} ... { a } }`,
};

test('a refusal says which limit it was, and its figure', () => {
  expect(tooComplex('aliases')).toMatchObject({
    status: 400,
    body: {
      errors: [
        {
          message: expect.stringMatching(
            /^A query may have at most 100 aliases, each counted .* Received more than 100\.$/,
          ),
          extensions: { code: 'QUERY_TOO_COMPLEX' },
        },
      ],
    },
  });
});

test('a refusal speaks of fragments only where spreading them multiplies', () => {
  const limits = Object.keys(LIMITS) as Limit[];
  const multiplied = limits.filter((limit) => /fragment is spread/.test(tooComplex(limit).body.errors[0].message));
  expect(multiplied).toEqual([
    'fields and fragments',
    'fields at the root',
    'aliases',
    'directives',
    'fields of the same name under one parent object',
  ]);
  expect(tooComplex('characters', 20_001).body.errors[0].message).toBe(
    'A query may have at most 20000 characters. Received 20001.',
  );
});

describe('each limit', () => {
  test.each(Object.entries(AT_LIMIT))('%s: as many are fine, one more is not', (limit, shape) => {
    const allowed = LIMITS[limit as Limit];
    expect(passed(shape(allowed))).toBeUndefined();
    expect(passed(shape(allowed + 1))).toBe(limit);
  });

  test('fragments count wherever they are spread, also on the way through others, and by the place they add to', () => {
    const spread = (n: number) => `{ ${times(n, () => '...F')} } fragment F on T { ...G } fragment G on T { x: a }`;
    expect(passed(spread(20))).toBeUndefined();
    expect(passed(spread(21))).toBe('fields of the same name under one parent object');
    const roots = (n: number) => `{ ...F ...G } fragment F on T { ${times(n, (i) => `f${i}`)} } fragment G on T { g }`;
    expect(passed(roots(49))).toBeUndefined();
    expect(passed(roots(50))).toBe('fields at the root');
    const levels = (n: number) =>
      `{ ...F0 } ${times(n, (i) => `fragment F${i} on T { ...F${i + 1} }`)} fragment F${n} on T { a }`;
    expect(passed(levels(28))).toBeUndefined();
    expect(passed(levels(29))).toBe('levels of nesting');
  });

  test('fragments that double are counted no further than to the limit', () => {
    const doubling = `{ ...F0 } ${times(28, (i) => `fragment F${i} on T { ...F${i + 1} ... { ...F${i + 1} } }`)} fragment F28 on T { a }`;
    expect(passed(doubling)).toBe('levels of nesting');
    expect(passed(doubling.replaceAll('... {', 'a {'))).toBe('levels of nesting');
  });

  test('fragments that nobody spreads count too; those in a circle are left to validation', () => {
    expect(passed(`{ a } fragment F on T { ${times(101, (i) => `f${i}: a`)} }`)).toBe('aliases');
    expect(passed('{ ...A } fragment A on T { ...B } fragment B on T { ...A a }')).toBeUndefined();
    expect(passed('{ a } fragment A on T { ...B } fragment B on T { ...A a }')).toBeUndefined();
  });
});

test('the examples of the page and an introspection are far from every limit', () => {
  for (const { query } of exampleQueries()) expect(passed(query)).toBeUndefined();
  expect(passed(getIntrospectionQuery())).toBeUndefined();
});
