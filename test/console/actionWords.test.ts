import { expect, test } from '@jest/globals';
import { leftOf } from '../../console/data/actionWords.ts';

test.each([
  [['NO_PROGRESS'], true, 'NO_PROGRESS: still there'],
  [['ERRORED'], true, 'NO_PROGRESS: gone, by'],
  [[], true, 'NO_PROGRESS: gone, by'],
  [['ERRORED'], false, 'NO_PROGRESS: not seen, but'],
  [['NO_PROGRESS'], false, 'NO_PROGRESS: still there'],
])('with findings %j now, of which all are seen: %s, it says %s', (findings, isWhole, words) => {
  expect(leftOf(['NO_PROGRESS'], { findings, isWhole })).toContain(words);
});
