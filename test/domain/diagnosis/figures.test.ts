import { expect, test } from '@jest/globals';
import { shownFigures } from '../../../domain/diagnosis/figures.ts';

test.each([
  [62.89277605600002, '62.893'],
  [{ ages: [4.0586982319999985, 3], name: 'runner' }, '{"ages":[4.059,3],"name":"runner"}'],
  [8_000, '8000'],
  [-0.5, '-0.5'],
  [9_007_199_254_740_991, '9007199254740991'],
  [1e300, '1e+300'],
  ['62.89277605600002', '"62.89277605600002"'], // a text is what somebody wrote
  [null, 'null'],
])('%j is shown as %s', (value, shown) => {
  expect(JSON.stringify(value, shownFigures)).toBe(shown);
});
