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
