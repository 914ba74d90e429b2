import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { FAILURE_KINDS } from '../../subgraphs/runtime/chatd/failureKinds.ts';

test('the page of failures has every kind, and says whether it is retried', () => {
  const page = readFileSync(new URL('../../docs/failures.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \|.*?\| (yes|no) \|/gm)].map(([, kind, retried]) => [
    kind,
    retried === 'yes',
  ]);
  expect(Object.fromEntries(listed)).toEqual(FAILURE_KINDS);
});
