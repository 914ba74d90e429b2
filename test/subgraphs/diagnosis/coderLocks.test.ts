/** A Coder deployment: sessions that hold rows and tables, where no owner can be asked whether it waits. */
import { describe, expect, test } from '@jest/globals';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { type CoderChanges, coderDiagnosis, coderSnapshot, pool, seenOnCoder as seen } from './coder.ts';
import { diagnosisOf } from './snapshots.ts';

const held = (rowLockedSeconds: number | null, rowAwaited: boolean | null = false) => ({
  ...{ rowLocked: true, rowLockedSeconds, rowAwaited, readersKeptOut: false },
});

describe('a chat with a fresh lease whose row another session holds', () => {
  test('is stuck once somebody waits for it, and to be watched while nobody does', () => {
    expect(seen({ trouble: held(27, true) })).toEqual(['STUCK', 'CRITICAL ROW_LOCKED']);
    expect(seen({ trouble: held(27) })).toEqual(['WORKING', 'WARNING ROW_LOCKED']);
    expect(seen({ trouble: held(27, null) })).toEqual(['WORKING', 'WARNING ROW_LOCKED']);
  });

  test('is well while that may be any writer, or while for how long is not to be seen', () => {
    for (const seconds of [10, null])
      for (const awaited of [true, false]) expect(seen({ trouble: held(seconds, awaited) })).toEqual(['WORKING']);
  });

  test('says who waits, and what to do', () => {
    const { summary, findings } = coderDiagnosis({ trouble: held(27, true) });
    expect(summary).toMatch(
      /^Stuck: another session holds the row or its table in a transaction that began 27 s ago, and somebody waits to write to it; an operator should end the session/,
    );
    expect(findings[0]?.evidence).toContainEqual({
      ...{ source: 'DATABASE', field: 'database.trouble.rowAwaited', value: 'true' },
    });
    expect(coderDiagnosis({ trouble: held(27) }).summary).toMatch(
      /^Working: another session holds the row or its table .*, and replica \S+ cannot write to it until then; an operator should end/,
    );
  });

  test('is no suspect: a list cannot look for that in each row', () => {
    expect(suspectByRules(coderSnapshot({ trouble: held(27, true) }), {})).toBe(false);
  });

  test('is for its owner to say where that one answers', () => {
    expect(diagnosisOf({ trouble: held(27, true) }).findings).toEqual([]);
    expect(diagnosisOf({ owner: 'NOT_ASKED', trouble: held(27, true) }).findings[0]?.code).toBe('ROW_LOCKED');
  });
});

describe('a question about a chat that was not answered', () => {
  const unread: CoderChanges = { database: { unreadable: ['turn'], turn: null } };
  const valueUnreadable = (trouble: CoderChanges['trouble']) =>
    coderDiagnosis({ ...unread, trouble }).findings.find(({ code }) => code === 'VALUE_UNREADABLE');

  test('is not blamed on a session that holds the row: readers do not wait for that', () => {
    const found = valueUnreadable(held(27));
    expect(found?.message).toBe('Turn could not be read.');
    expect(found?.suggestion).not.toContain('transaction');
    expect(found?.evidence.map(({ field }) => field)).not.toContain('database.trouble.readersKeptOut');
  });

  test('is blamed on one that keeps readers from a table', () => {
    const found = valueUnreadable({ ...held(5), readersKeptOut: true });
    expect(found?.message).toBe('Turn could not be read while another session holds a table.');
    expect(found?.suggestion).toMatch(/^End that session’s transaction, then ask again/);
    expect(found?.evidence.map(({ field }) => field)).toContain('database.trouble.readersKeptOut');
  });

  test('may be one that this service is not allowed to ask, which asking again does not change', () => {
    expect(valueUnreadable({})?.suggestion).toMatch(
      /^Ask again; if that changes nothing, see with npm run check which column this service may not read\./,
    );
  });
});

test('the session that holds the row of a chat which nobody has is the cause, awaited or not', () => {
  const alone = { unowned: true, database: { updatedAgeSeconds: 601 } } as const;
  for (const awaited of [true, false])
    expect(seen({ ...alone, trouble: { ...held(27, awaited), ...pool(3) } })).toEqual([
      ...['STUCK', 'CRITICAL ROW_LOCKED', 'WARNING NO_OWNER'],
    ]);
});
