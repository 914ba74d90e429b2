import { expect, test } from '@jest/globals';
import { makeBoundedCache } from '../../common/boundedCache.ts';

test('the least recently used go first', () => {
  const cache = makeBoundedCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
});

test('sizes are summed up; what alone is too large is not kept, and replaces nothing but itself', () => {
  const cache = makeBoundedCache<string>(10, (_, value) => value.length);
  cache.set('a', 'xxxx');
  cache.set('b', 'xxxx');
  cache.set('a', 'xxxxxx');
  expect([cache.get('a'), cache.get('b')]).toEqual(['xxxxxx', 'xxxx']);
  cache.set('c', 'x');
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([undefined, 'xxxx', 'x']);
  cache.set('d', 'x'.repeat(11));
  cache.set('b', 'x'.repeat(11));
  expect([cache.get('b'), cache.get('c'), cache.get('d')]).toEqual([undefined, 'x', undefined]);
});
