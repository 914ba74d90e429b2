/** Lists in which nothing moves by itself. */
import { describe, expect, test } from '@jest/globals';
import { type Frozen, type Item, renewed, takenIn } from '../../console/data/frozen.ts';

const item = (id: string, group: string, value = 0): Item<number> => ({ id, group, value });
/** Rows as they are shown: group, id, value, and a mark on those that are gone. */
const shown = ({ rows }: Frozen<number>) =>
  rows.map(({ id, group, value, isGone }) => `${group} ${id} ${value}${isGone ? ' gone' : ''}`);

const before = takenIn([item('a', 'STUCK'), item('b', 'FAILED'), item('c', 'STUCK')]);

test('rows that are taken in stand group by group', () => {
  expect(shown(before)).toEqual(['STUCK a 0', 'STUCK c 0', 'FAILED b 0']);
  expect(before.waiting).toBe(0);
});

test('rows are renewed in place, in whatever order they come', () => {
  const after = renewed(before, [item('b', 'FAILED', 1), item('c', 'STUCK', 2), item('a', 'STUCK', 3)]);
  expect(shown(after)).toEqual(['STUCK a 3', 'STUCK c 2', 'FAILED b 1']);
  expect(after.waiting).toBe(0);
});

test('rows that come wait, and those that are gone stay with their last value until others are taken in', () => {
  const items = [item('d', 'STUCK', 4), item('a', 'STUCK', 1), item('b', 'FAILED', 1)];
  const after = renewed(before, items);
  expect(shown(after)).toEqual(['STUCK a 1', 'STUCK c 0 gone', 'FAILED b 1']);
  expect(after.waiting).toBe(1);
  expect(shown(takenIn(items))).toEqual(['STUCK d 4', 'STUCK a 1', 'FAILED b 1']);
});

test('a row that is gone and comes back is no longer marked', () => {
  const gone = renewed(before, [item('a', 'STUCK'), item('b', 'FAILED')]);
  expect(shown(renewed(gone, [item('a', 'STUCK'), item('b', 'FAILED'), item('c', 'STUCK', 5)]))).toEqual([
    'STUCK a 0',
    'STUCK c 5',
    'FAILED b 0',
  ]);
});

describe('a row that is of another group now', () => {
  const items = [item('a', 'FAILED', 7), item('b', 'FAILED'), item('c', 'STUCK')];
  const after = renewed(before, items);

  test('stays where it is, shows its new value, and waits to be taken in', () => {
    expect(shown(after)).toEqual(['STUCK a 7', 'STUCK c 0', 'FAILED b 0']);
    expect(after.waiting).toBe(1);
  });

  test('stands in that group once it is taken in, in the order of the answer', () => {
    expect(shown(takenIn(items))).toEqual(['FAILED a 7', 'FAILED b 0', 'STUCK c 0']);
  });

  test('waits for nothing once it has gone back', () => {
    const back = renewed(after, [item('a', 'STUCK', 8), item('b', 'FAILED'), item('c', 'STUCK')]);
    expect(shown(back)).toEqual(['STUCK a 8', 'STUCK c 0', 'FAILED b 0']);
    expect(back.waiting).toBe(0);
  });
});

test('an empty list takes all in: nothing can move', () => {
  expect(shown(renewed(takenIn<number>([]), [item('a', 'STUCK')]))).toEqual(['STUCK a 0']);
});
