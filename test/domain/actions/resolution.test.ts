/** Whether an action helped, by what the looks afterwards saw. */
import { describe, expect, test } from '@jest/globals';
import {
  awaited,
  type Done,
  hadNone,
  type Looks,
  looked,
  NO_LOOKS,
  resolutionOf,
} from '../../../domain/actions/resolution.ts';

const RETRY: Done = { action: 'RETRY_CHAT', findings: ['QUEUE_BLOCKED'], before: 'E1' };
const blocked = { verdict: 'FAILED', codes: ['QUEUE_BLOCKED', 'ERRORED'] };
const well = { verdict: 'WORKING', codes: [] };
const unknown = { verdict: 'UNKNOWN', codes: ['OWNER_UNREACHABLE'] };

const afterLooks = (seen: readonly Parameters<typeof looked>[2][], done = RETRY): Looks =>
  seen.reduce((looks, one) => looked(looks, done, one), NO_LOOKS);

test.each([
  ['two looks in a row find nothing left', [blocked, well, well], 4, 'YES'],
  ['one look is not enough: a turn may fail again at once', [well], 1, undefined],
  ['a finding that came back counts anew', [well, blocked, well], 9, undefined],
  ['what is left after 30 s is left', [well, well, blocked].slice(1), 30, 'NO'],
  ['a last look that finds nothing is enough after 30 s', [blocked, well], 31, 'YES'],
  ['a chat that is gone has no findings', [null, null], 3, 'YES'],
  ['a look that does not know all counts for nothing', [unknown, unknown, unknown], 29, undefined],
  ['but what it finds left is left', [{ verdict: 'UNKNOWN', codes: ['QUEUE_BLOCKED'] }], 30, 'NO'],
  ['nobody who could look goes on trying', [], 599, undefined],
  ['and gives up after ten minutes', [], 600, 'UNKNOWN'],
] as const)('%s', (_, seen, ageSeconds, resolved) => {
  expect(resolutionOf(afterLooks(seen), ageSeconds)).toBe(resolved);
});

describe('a look at the chat as it was before the action', () => {
  const done: Done = { ...RETRY, versionAfter: 7 };
  const old = { ...blocked, version: 6 };
  const now = { ...well, version: 7 };

  test('as on a standby that is behind, says nothing of whether it helped', () => {
    expect(afterLooks([old, old, old], done)).toEqual(NO_LOOKS);
    expect(resolutionOf(afterLooks([old, old], done), 30)).toBeUndefined();
    expect(resolutionOf(afterLooks([now, old, now], done), 4)).toBe('YES');
    expect(resolutionOf(afterLooks([{ ...blocked, version: 8 }], done), 30)).toBe('NO');
  });

  test('is not told from others where a version is not known', () => {
    expect(afterLooks([blocked], done).left).toEqual(['QUEUE_BLOCKED']);
    expect(afterLooks([old], RETRY).left).toEqual(['QUEUE_BLOCKED']);
  });

  test('does not show that the named findings were not there, if it is older than what the caller looked at', () => {
    expect(hadNone(['ERRORED'], now, 8)).toBe(false);
    expect(hadNone(['ERRORED'], now, 7)).toBe(true);
    expect(hadNone(['ERRORED'], well, 7)).toBe(true);
  });
});

test('without findings of the caller, all that the action answers in that state are to be gone', () => {
  expect(awaited({ ...RETRY, findings: [] })).toEqual(['QUEUE_BLOCKED', 'ERRORED']);
  expect(awaited({ ...RETRY, findings: [], before: 'E0' })).toEqual(['ERRORED']);
  expect(awaited({ ...RETRY, findings: [], before: null })).toEqual([]);
});
