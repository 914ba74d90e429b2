/** A Coder deployment: turns that have ended, or were to end, while the row stays as it was. */
import { describe, expect, test } from '@jest/globals';
import { codeOf } from '../../../cli/debug/shown.ts';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { type CoderChanges, coderDiagnosis, coderSnapshot, seenOnCoder as seen } from './coder.ts';
import { diagnosisOf } from './snapshots.ts';

const HOURS = 10_800;
const suspect = (changes: CoderChanges) => suspectByRules(coderSnapshot(changes), {});
const ended = (ageSeconds: number | null, updatedAgeSeconds = HOURS, more: CoderChanges = {}): CoderChanges => ({
  ...more,
  database: { updatedAgeSeconds, debugRun: { status: 'error', ageSeconds, hasEnded: true }, ...more.database },
});

describe('a run that has ended, in the debug log of a chat that still runs', () => {
  test('is a warning which says how it ended, and when', () => {
    const chat = ended(10_140);
    expect([...seen(chat), suspect(chat)]).toEqual(['WORKING', 'WARNING NO_PROGRESS', true]);
    const { summary, findings } = coderDiagnosis(chat);
    expect(summary).toMatch(
      /^Working: its last run in the debug log ended 3 h ago with the status “error”, though replica \S+ holds the chat as running;/,
    );
    expect(findings[0]?.suggestion).toMatch(
      /^Interrupt the turn, unless the debug log was switched off meanwhile.*interrupt"`/,
    );
    expect(findings[0]?.evidence).toContainEqual({
      source: 'DATABASE',
      field: 'database.debugRun.status',
      value: 'error',
    });
  });

  test('says nothing while the row may be about to change, or where another call of the model is to come', () => {
    expect(seen(ended(599))).toEqual(['WORKING', 'INFO QUIET']);
    const retry = { retryState: { attempt: 2, error: 'no', kind: 'overloaded' }, retrySecondsLeft: 60 };
    expect(seen(ended(9_000, HOURS, { database: retry }))).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
    expect(seen(ended(9_000, HOURS, { state: 'A0' }))).toEqual(['WAITING', 'INFO ACTION_PENDING']);
  });

  test.each([
    ['before the row last changed', ended(HOURS + 1)],
    ['at a time that cannot be said', ended(null)],
    ['a moment ago', ended(5)],
  ])('%s is named all the same', (_when, chat) => {
    expect(seen(chat)).toEqual(['WORKING', 'INFO QUIET']);
    const message = coderDiagnosis(chat).findings[0]?.message;
    expect(message).toContain('; the last run in its debug log ended');
    expect(message).toContain('with the status “error”');
    expect(message).not.toContain('nothing else is known');
  });
});

describe('a chat that is being interrupted', () => {
  const stopping = (updatedAgeSeconds: number, more: CoderChanges = {}): CoderChanges => ({
    ...{ state: 'I0', ...more },
    database: { updatedAgeSeconds, ...more.database },
  });

  test('for longer than a model may be silent is stuck, whatever its debug log says', () => {
    expect(seen(stopping(600))).toEqual(['WORKING']);
    for (const debugRun of [null, { status: 'in_progress', ageSeconds: 3, hasEnded: false }]) {
      const chat = stopping(HOURS, { database: { debugRun } });
      expect([...seen(chat), codeOf(coderDiagnosis(chat).verdict), suspect(chat)]).toEqual([
        ...['STUCK', 'CRITICAL NO_PROGRESS', 1, true],
      ]);
    }
  });

  test('for so long is brought to an end by a restart of its replica', () => {
    const { summary, findings } = coderDiagnosis(stopping(HOURS));
    expect(summary).toMatch(
      /^Stuck: the turn was to be interrupted 3 h ago, and replica \S+, which holds the chat, has not ended it; an operator should restart replica/,
    );
    expect(findings[0]?.suggestion).toMatch(/its lease then runs out by itself after 30 s.*-- replicas`/);
  });

  test('in a turn of very many steps is not just looked at again', () => {
    const turn = { ageSeconds: HOURS, steps: 1_001, toolCalls: 900 };
    const chat = stopping(HOURS, { state: 'I1', database: { turn, queueDepth: 1, oldestQueuedAgeSeconds: 9_000 } });
    expect(seen(chat)).toEqual(['STUCK', 'CRITICAL NO_PROGRESS', 'WARNING LOOPING']);
    expect(seen({ ...chat, database: { ...chat.database, updatedAgeSeconds: 60 } })).toEqual([
      ...['STUCK', 'CRITICAL LOOPING'],
    ]);
  });

  test('while its lease cannot be read, or has run out, is told by that', () => {
    expect(seen(stopping(HOURS, { leaseSeconds: null }))).toEqual(['STUCK', 'CRITICAL HEARTBEAT_MISSING']);
    const unknown = { heartbeatState: null, heartbeat: null, heartbeatsReadable: false } as const;
    expect(seen(stopping(HOURS, { database: unknown }))[0]).toBe('UNKNOWN');
  });

  test('on this project’s own platform by an owner that nobody asks is released', () => {
    const { verdict, findings } = diagnosisOf({
      owner: 'NOT_ASKED',
      state: 'I0',
      database: { updatedAgeSeconds: 900 },
    });
    expect(verdict).toBe('STUCK');
    expect(findings[0]?.suggestion).toMatch(/`npm run chat-debug -- fix [^ ]+ --action release`/);
  });
});
