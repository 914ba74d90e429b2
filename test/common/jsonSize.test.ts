import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isLargerThan } from '../../common/jsonSize.ts';

test('a value is larger than one byte less than its text, and not than its text', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.jsonValue({ stringUnit: 'binary' }), fc.double({ noNaN: true })),
      (value) => {
        const bytes = Buffer.byteLength(JSON.stringify(value));
        expect([isLargerThan(value, bytes - 1), isLargerThan(value, bytes)]).toEqual([true, false]);
      },
    ),
    { numRuns: 2_000, examples: [[-0.0000010000000000279722]] },
  );
});

test('what is nested too deep to be written has no size', () => {
  const isWritten = (work: () => unknown) => {
    try {
      return work() !== undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      return false;
    }
  };
  const depths = Array.from({ length: 100 }, (_, i) => 100 * (i + 1)); // Node's stack holds some thousands
  const refused = depths.filter((depth) => {
    const value: unknown = JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    const isSized = isWritten(() => isLargerThan(value, 1e9));
    expect(isSized && !isWritten(() => JSON.stringify(value))).toBe(false);
    return !isSized;
  });
  expect(refused).toContain(10_000);
  expect(refused).not.toContain(1_000);
});
