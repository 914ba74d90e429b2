/** A Coder deployment: rows and leases that are dated ahead of the database's clock. */
import { describe, expect, test } from '@jest/globals';
import { codeOf } from '../../../cli/debug/shown.ts';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { type CoderChanges, coderDiagnosis, coderSnapshot, pool, seenOnCoder as seen } from './coder.ts';
import { diagnosisOf } from './snapshots.ts';

const suspect = (changes: CoderChanges) => suspectByRules(coderSnapshot(changes), {});

describe('a lease that is an hour ahead', () => {
  const chat = (updatedAgeSeconds: number, more: CoderChanges = {}): CoderChanges => ({
    ...{ leaseSeconds: -3_600, ...more },
    database: { updatedAgeSeconds, ...more.database },
  });

  test('keeps every replica from the chat, however young the row is that nobody has touched for a renewal', () => {
    expect(seen(chat(600))).toEqual(['STUCK', 'CRITICAL CLOCK_AHEAD', 'WARNING HEARTBEAT_STALE']);
    expect(seen(chat(27))).toEqual(['STUCK', 'CRITICAL CLOCK_AHEAD']);
    expect(seen(chat(8))).toEqual(['WORKING', 'WARNING CLOCK_AHEAD']);
    for (const age of [8, 27, 600]) expect(suspect(chat(age))).toBe(true);
  });

  test('says until when, and is deleted: neither an interruption nor patience helps', () => {
    const { summary, findings } = coderDiagnosis(chat(600));
    expect(summary).toMatch(
      /^Stuck: its lease is 60 min ahead of the database’s clock, and no replica takes the chat before it has run out, in 61 min; an operator should delete that lease/,
    );
    for (const { suggestion } of findings)
      expect(suggestion).toMatch(
        /^Delete that lease.* `psql "\$CODER_PG_CONNECTION_URL" -c "DELETE FROM chat_heartbeats WHERE chat_id = '[0-9a-f-]+' AND runner_id = '[0-9a-f-]+'"`/,
      );
    expect(findings[1]?.message).toContain('whoever works on the chat would have dated it now');
    expect(`${summary} ${findings.map(({ suggestion }) => suggestion)}`).not.toMatch(/interrupt|counts as run out/);
  });

  test('is as much in the way of a chat whose owner stopped, or for which no slot is free', () => {
    for (const trouble of [{ ownerRow: 'STOPPED', ...pool(5) } as const, pool(5)]) {
      const { verdict, findings } = coderDiagnosis(chat(600, { trouble }));
      expect([verdict, findings[0]?.code]).toEqual(['STUCK', 'CLOCK_AHEAD']);
      for (const { suggestion } of findings) expect(suggestion).toMatch(/^Delete that lease/);
    }
  });

  test('is in nobody’s way on a chat that names no worker, or on this project’s own platform', () => {
    const { verdict, findings } = coderDiagnosis(chat(10, { database: { workerId: null } }));
    expect([verdict, findings[0]?.suggestion]).toEqual(['WORKING', expect.stringMatching(/^Correct the clock/)]);
    const heartbeat = { ageSeconds: -3_600, staleAfterSeconds: 30 };
    const own = diagnosisOf({ owner: 'NOT_ASKED', database: { heartbeat, updatedAgeSeconds: 600 } });
    expect(own.findings.map(({ code }) => code)).toEqual(['HEARTBEAT_STALE', 'CLOCK_AHEAD']);
  });
});

describe('a row that is an hour ahead', () => {
  const ahead = (more: CoderChanges = {}): CoderChanges => ({ ...more, database: { updatedAgeSeconds: -3_600 } });

  test('is in no replica’s way, which only sorts by that time: the chat may be about to be taken', () => {
    const chat = ahead({ unowned: true, trouble: pool(3) });
    expect([...seen(chat), suspect(chat)]).toEqual(['WORKING', 'WARNING CLOCK_AHEAD', 'WARNING NO_OWNER', true]);
    const { findings } = coderDiagnosis(chat);
    expect(findings[0]?.suggestion).toMatch(
      /^Correct the clock that was ahead: the next change of the chat dates it anew/,
    );
    expect(findings[1]?.message).toMatch(
      /^No worker has it, and its row does not tell since when: there is room, 3 of 5/,
    );
    expect(findings[1]?.suggestion).toMatch(/^Look again in 32 s; if no replica has taken it by then/);
  });

  test('is left to the slots while those are taken, and to its lease once that has run out', () => {
    expect(seen(ahead({ unowned: true, trouble: pool(5) }))).toEqual([
      ...['WAITING', 'WARNING CLOCK_AHEAD', 'WARNING CAPACITY_WAIT'],
    ]);
    const lost = ahead({ leaseSeconds: null });
    expect([...seen(lost), codeOf(coderDiagnosis(lost).verdict)]).toEqual([
      ...['STUCK', 'CRITICAL HEARTBEAT_MISSING', 'WARNING CLOCK_AHEAD', 1],
    ]);
  });

  test('of a chat that is worked on needs nothing but its next change', () => {
    expect(seen(ahead())).toEqual(['WORKING', 'WARNING CLOCK_AHEAD']);
  });

  test('keeps a chat from looking old on this project’s own platform', () => {
    const { findings } = diagnosisOf({ owner: 'unowned', database: { updatedAgeSeconds: -3_600 } });
    expect(findings[0]).toMatchObject({ code: 'CLOCK_AHEAD', severity: 'CRITICAL' });
  });
});
