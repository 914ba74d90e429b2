/** Queries that come again. */
import { expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { Refusal } from '../../../server/graphql/answer.ts';
import { makePreparedQueries } from '../../../server/graphql/preparedQueries.ts';

const REFUSAL = new Refusal(400, 'QUERY_TOO_COMPLEX', 'too much');

function counting(maxCharacters = 1_000) {
  const done: string[] = [];
  const find = makePreparedQueries({
    maxCharacters,
    moreCharacters: 10,
    read: (text) => {
      done.push(`read ${text}`);
      if (text === 'too much') return REFUSAL;
      return text === 'nonsense' ? undefined : parse(text);
    },
    prepare: (_document, { name }) => {
      done.push(`prepare ${name?.value}`);
      return { name: name?.value };
    },
  });
  return { done, find };
}

test('a text is read once, and each of its operations is prepared once', () => {
  const { done, find } = counting();
  const two = 'query A { a } query B { b } fragment F on T { f }';
  const a = find(two, 'A');
  expect(a).toEqual({ name: 'A' });
  expect(find(two, 'A')).toBe(a);
  expect(find(`${two}`, 'B')).toEqual({ name: 'B' });
  expect(done).toEqual([`read ${two}`, 'prepare A', 'prepare B']);
});

test('the name decides, and none is needed where there is one operation', () => {
  const { find } = counting();
  expect(find('{ a }')).toEqual({ name: undefined });
  expect(find('query A { a }', null)).toEqual({ name: 'A' });
  expect(find('query A { a }', 'A')).toEqual({ name: 'A' });
  expect(['', 'B'].map((name) => find('query A { a }', name))).toEqual([undefined, undefined]);
  expect(find('query A { a } query B { b }')).toBeUndefined();
  expect(find('fragment F on T { f }')).toBeUndefined();
});

test('what is refused, and what cannot be read, is not kept', () => {
  const { done, find } = counting();
  for (const _ of [1, 2]) expect([find('too much'), find('nonsense')]).toEqual([REFUSAL, undefined]);
  expect(done).toHaveLength(4);
});

test('no more than so many characters are kept, those asked for last', () => {
  const { done, find } = counting(45); // three texts of five
  for (const text of ['{ a }', '{ b }', '{ c }', '{ a }', '{ d }']) find(text);
  done.length = 0;
  for (const text of ['{ a }', '{ c }', '{ d }']) find(text);
  expect(done).toEqual([]);
  find('{ b }');
  expect(done).toEqual(['read { b }', 'prepare undefined']);
});
