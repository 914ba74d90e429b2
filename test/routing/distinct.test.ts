import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { makeDistinct } from '../../routing/distinct.ts';

test('a list without duplicates is what their texts say, however many are about the same', () => {
  const values = fc.oneof(fc.constantFrom('a', 'b', 1, 2, null, true), fc.constantFrom([1], [2], { x: 1 }));
  const representation = fc
    .record({ __typename: fc.constantFrom('A', 'B'), about: fc.constantFrom('x', 'y'), a: values, b: values })
    .chain((whole) => fc.shuffledSubarray(Object.entries(whole), { minLength: 2 }))
    .map((fields) => Object.fromEntries(fields));
  fc.assert(
    fc.property(fc.array(representation, { maxLength: 60, size: 'max' }), (list) => {
      const distinct = makeDistinct(['__typename']);
      const expected = new Map<string, number[]>();
      for (const [place, one] of list.entries()) {
        distinct.add(JSON.parse(JSON.stringify(one)), place);
        const text = JSON.stringify(one);
        expected.set(text, [...(expected.get(text) ?? []), place]);
      }
      expect(distinct.members.map((member) => [JSON.stringify(member.representation), member.places])).toEqual([
        ...expected,
      ]);
    }),
  );
});
