/**
 * Chats that the rules call suspect by their rows alone. Other tests compare the database subgraph's list with this.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { diagnose } from '../../../domain/diagnosis/diagnose.ts';
import { rowHalf, suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { MATRIX_SETTINGS } from '../../../scripts/combinations.ts';
import { anySnapshot } from '../../subgraphs/diagnosis/arbitrarySnapshots.ts';
import { type Changes, snapshot } from '../../subgraphs/diagnosis/snapshots.ts';

const suspect = (changes: Changes = {}) => suspectByRules(snapshot(changes), MATRIX_SETTINGS);
const error = (retryable: boolean | null) => ({ kind: 'network', message: 'no', status_code: null, retryable });
const rest = { state: 'W', owner: 'unowned' } as const;
const unanswered = { role: 'user', ageSeconds: 60, hasText: true, finishReason: null };

describe('a chat is suspect', () => {
  test('by a finding to warn of, or because it is quiet', () => {
    expect(suspect()).toBe(false);
    expect(suspect({ database: { updatedAgeSeconds: 61 } })).toBe(true);
    expect(suspect({ owner: 'unowned', database: { updatedAgeSeconds: 7 } })).toBe(false);
    expect(suspect({ owner: 'unowned', database: { updatedAgeSeconds: 7.1 } })).toBe(true);
    expect(suspect({ state: 'A0', database: { updatedAgeSeconds: 299 } })).toBe(false);
    expect(suspect({ database: { updatedAgeSeconds: 299, retrySecondsLeft: 9 } })).toBe(false);
    expect(suspect({ state: 'INVALID', owner: 'unowned' })).toBe(true);
  });

  test('after a failure only if the same would fail again, or messages wait behind it', () => {
    const failed = { state: 'E0', owner: 'unowned' } as const;
    expect(suspect({ ...failed, database: { lastError: error(false) } })).toBe(true);
    for (const retryable of [true, null])
      expect(suspect({ ...failed, database: { lastError: error(retryable) } })).toBe(false);
    expect(suspect({ ...failed, state: 'E1', database: { lastError: error(true) } })).toBe(true);
    const ahead = { lastError: error(true), updatedAgeSeconds: -60 };
    expect(suspect({ ...failed, database: ahead })).toBe(true);
  });

  test('without an answer for a day, and not for ever, unless its age cannot be said', () => {
    expect(suspect({ ...rest, database: { lastMessage: unanswered, updatedAgeSeconds: 86_400 } })).toBe(true);
    expect(suspect({ ...rest, database: { lastMessage: unanswered, updatedAgeSeconds: 86_401 } })).toBe(false);
    expect(suspect({ ...rest, database: { lastMessage: unanswered, updatedAgeSeconds: null } })).toBe(true);
  });

  test('whatever its owner holds in memory, and whatever a list cannot look for', () => {
    expect(suspect({ task: { secondsSinceProgress: 999 }, runtime: { runners: [] } })).toBe(false);
    expect(suspect({ owner: 'UNREACHABLE' })).toBe(false);
    expect(suspect({ database: { unreadable: ['turn', 'trouble'] } })).toBe(false);
    expect(suspect({ database: { unreadable: ['historyVersion'] } })).toBe(true);
    expect(suspect({ trouble: { canWrite: false } })).toBe(false);
  });
});

test('is what a diagnosis of the row alone warns of, but for old and repeatable failures', () => {
  fc.assert(
    fc.property(anySnapshot, (any) => {
      const half = rowHalf(any);
      const { findings } = diagnose(half, MATRIX_SETTINGS);
      const codes = findings
        .filter(({ severity, code }) => severity !== 'INFO' || code === 'QUIET')
        .map(({ code }) => code);
      const certain = codes.filter((code) => code !== 'ERRORED' && code !== 'UNANSWERED');
      if (certain.length > 0) expect(suspectByRules(any, MATRIX_SETTINGS)).toBe(true);
      if (codes.length === 0) expect(suspectByRules(any, MATRIX_SETTINGS)).toBe(false);
      expect(suspectByRules(half, MATRIX_SETTINGS)).toBe(suspectByRules(any, MATRIX_SETTINGS));
    }),
    { numRuns: 1_000 },
  );
});
