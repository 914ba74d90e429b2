import { expect, test } from '@jest/globals';
import { chosenRelease, contradictionInWords, releaseInWords } from '../../domain/coderRelease.ts';

test.each<[string, string[], string | undefined]>([
  ['the oldest decides', ['v2.38.0+abc', 'v2.36.10+def', 'v2.36.9'], 'v2.36.9'],
  ['numbers are compared as numbers', ['v2.9.0', 'v2.10.0'], 'v2.9.0'],
  ['a build between releases has the number of one', ['v2.37.0-devel+8f1a2b3'], 'v2.37.0-devel+8f1a2b3'],
  ['a build without a number says nothing', ['v0.0.0-devel+8f1a2b3', 'v2.38.1'], 'v2.38.1'],
  ['nor does any other text', ['', 'main', 'v2', 'v2.38.1.7'], undefined],
  ['nobody runs', [], undefined],
])('%s', (_what, versions, name) => {
  expect(chosenRelease(undefined, versions)).toMatchObject({ name, from: name === undefined ? 'NEWEST' : 'REPLICAS' });
});

test.each([
  ['2.38', ['v2.38.0', 'v2.37.4+abc'], 'v2.37.4+abc'],
  ['2026-09-14', ['v2.39.0'], 'v2.39.0'],
  ['2.36', ['v2.35.1', 'v2.38.0'], undefined],
  ['2026-10-01', ['v2.37.0-devel+abc'], undefined],
  ['2.36', ['v0.0.0-devel+abc'], undefined],
])('a release that is set decides, and %s beside %j is contradicted by %s', (set, versions, contradictedBy) => {
  const release = chosenRelease(set, versions);
  expect(release).toEqual({ name: set, from: 'SETTING', contradictedBy });
  expect(releaseInWords(release)).toBe(`Thresholds are those of release ${set}, as CODER_RELEASE says.`);
  expect(contradictionInWords(release) === undefined).toBe(contradictedBy === undefined);
});
