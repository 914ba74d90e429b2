/** A Coder deployment, whose replicas nobody can ask: its rows alone tell the truth of its chats. */
import { describe, expect, test } from '@jest/globals';
import { codeOf } from '../../../cli/debug/shown.ts';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { type CoderChanges, coderDiagnosis, coderSnapshot, NEWER, OLDER, pool, seenOnCoder as seen } from './coder.ts';

const RELEASES = [
  ['newer', NEWER],
  ['older', OLDER],
] as const;
const TEN_MINUTES = 600;
const LONG = { updatedAgeSeconds: 601 };
const suspect = (changes: CoderChanges) => suspectByRules(coderSnapshot(changes), {});
const first = (changes: CoderChanges) => coderDiagnosis(changes).findings[0];

describe.each(RELEASES)('of a %s release, a chat', (_name, release) => {
  test.each(['R0', 'R1', 'I0', 'I1'] as const)('that has a lease of 3 s works: %s', (state) => {
    const chat = { release, state, database: { updatedAgeSeconds: 300 } };
    const { verdict, summary, findings } = coderDiagnosis(chat);
    expect([verdict, findings, codeOf(verdict)]).toEqual(['WORKING', [], 0]);
    expect(summary).toMatch(/^Working: replica \S+ has a fresh lease on it; nobody has to act; /);
    expect(summary.match(/asked/g)).toHaveLength(1);
    expect(suspect(chat)).toBe(false);
  });

  test('that compacts its history works, and one that another chat started', () => {
    const compacting = { historyVersion: 9, snapshotVersion: 9, turn: null, lastMessage: null };
    expect(seen({ release, database: compacting })).toEqual(['WORKING']);
    expect(seen({ release, trouble: pool(10, 'SUBAGENT') })).toEqual(['WORKING']);
  });

  test('waits before its deadline, and for its next call of the model', () => {
    for (const state of ['A0', 'A1'] as const)
      expect(seen({ release, state })).toEqual(['WAITING', 'INFO ACTION_PENDING']);
    const retry = { retryState: { attempt: 3, error: 'no', kind: 'overloaded' }, retrySecondsLeft: 300 };
    expect(seen({ release, database: retry })).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
  });

  test('with a retry state that was left over works while it is interrupted, and waits for its tool', () => {
    const retry = { retryState: { attempt: 7, error: 'no', kind: 'overloaded' }, retrySecondsLeft: -4_000 };
    expect(seen({ release, state: 'I0', database: retry })).toEqual(['WORKING']);
    expect(suspect({ release, state: 'I0', database: retry })).toBe(false);
    expect(seen({ release, state: 'A0', database: retry })).toEqual(['WAITING', 'INFO ACTION_PENDING']);
  });

  test.each([
    ['R0', 'ROOT', 5],
    ['I0', 'ROOT', 5],
    ['R1', 'SUBAGENT', 10],
  ] as const)('%s without an owner for 10 min while the pool %s is full waits for a slot', (state, kind, used) => {
    const chat = { release, state, unowned: true, database: LONG, trouble: pool(used, kind) } as const;
    const { verdict, summary } = coderDiagnosis(chat);
    expect([...seen(chat), codeOf(verdict)]).toEqual(['WAITING', 'WARNING CAPACITY_WAIT', 0]);
    expect(summary).toContain(`it waits for a slot: ${used} of ${used} slots for chats`);
    expect(first(chat)?.suggestion).toContain('more of them need a licence');
    expect(suspect(chat)).toBe(true);
  });

  test('that nobody has is not said to be left alone where the slots could not be counted', () => {
    const chat: CoderChanges = { release, unowned: true, database: { ...LONG, unreadable: ['trouble'] } };
    expect(seen(chat)).toEqual(['UNKNOWN', 'WARNING VALUE_UNREADABLE']);
    expect(seen({ ...chat, trouble: pool(4) })).toEqual(['STUCK', 'CRITICAL NO_OWNER', 'WARNING VALUE_UNREADABLE']);
  });

  test('that waits for a slot is a suspect once that takes ten times as long as to be picked up', () => {
    const longest = 10 * (release.acquisitionIntervalSeconds + 2);
    const waits = (updatedAgeSeconds: number) =>
      ({ release, unowned: true, database: { updatedAgeSeconds }, trouble: pool(5) }) as const;
    expect([...seen(waits(longest)), suspect(waits(longest))]).toEqual(['WAITING', 'INFO CAPACITY_WAIT', false]);
    expect([...seen(waits(longest + 0.1)), suspect(waits(longest + 0.1))]).toEqual([
      ...['WAITING', 'WARNING CAPACITY_WAIT', true],
    ]);
  });

  test('whose owner stopped, or is in no row, is stuck once its lease has gone', () => {
    for (const [ownerRow, code] of [
      ['STOPPED', 'OWNER_STOPPED'],
      ['MISSING', 'OWNER_UNKNOWN'],
    ] as const)
      for (const leaseSeconds of [null, 10_000]) {
        const chat = { release, leaseSeconds, database: LONG, trouble: { ownerRow, ...pool(4) } };
        const beside = `WARNING HEARTBEAT_${leaseSeconds === null ? 'MISSING' : 'STALE'}`;
        expect(seen(chat)).toEqual(['STUCK', `CRITICAL ${code}`, beside]);
        const full = { ...chat, trouble: { ownerRow, ...pool(5) } };
        expect(first(full)?.message).toMatch(
          /once a slot is free: 5 of 5 slots for chats without a parent are taken\./,
        );
        expect(codeOf(coderDiagnosis(full).verdict)).toBe(1);
        expect(suspect(full)).toBe(true);
      }
  });

  test('works on while its lease is fresh, though its owner is in no row', () => {
    const chat = { release, leaseSeconds: 2.7, database: LONG, trouble: { ownerRow: 'MISSING' } } as const;
    expect(seen({ ...chat, database: { updatedAgeSeconds: 500 } })).toEqual(['WORKING']);
    expect(seen({ ...chat, trouble: { ownerRow: 'STOPPED' }, database: { updatedAgeSeconds: 500 } })).toEqual([
      'WORKING',
    ]);
  });

  test('whose queue holds a message that a person edits is theirs to move', () => {
    const paused = { status: 'paused', queueDepth: 1, workerId: null } as const;
    const chat = { release, state: 'INVALID', database: paused } as const;
    expect([...seen(chat), suspect(chat)]).toEqual(['IDLE', false]);
    expect(coderDiagnosis(chat).summary).toBe('Idle: the person edits a queued message, and it is their move.');
    const owned = { ...chat, database: { ...paused, workerId: '00000000-0000-4000-8000-000000000001' } };
    expect(seen(owned)).toEqual(['STUCK', 'CRITICAL INVALID_STATE']);
    expect(seen({ ...chat, database: { status: 'pending' } })).toEqual(['STUCK', 'CRITICAL INVALID_STATE']);
    expect(seen({ ...chat, database: { status: 'reviewing' } })).toEqual(['UNKNOWN', 'WARNING STATUS_UNKNOWN']);
  });
});

describe('a lease', () => {
  test.each([25, 100])('of %d s is good in an older release', (leaseSeconds) => {
    expect(seen({ release: OLDER, leaseSeconds })).toEqual(['WORKING']);
  });

  test('that is renewed late, or no more, is told by the release', () => {
    expect(seen({ release: OLDER, leaseSeconds: 200 })).toEqual(['WORKING', 'WARNING LEASE_ENDANGERED']);
    expect(seen({ release: OLDER, leaseSeconds: 301 })).toEqual(['STUCK', 'CRITICAL HEARTBEAT_STALE']);
    expect(seen({ leaseSeconds: 25 })).toEqual(['WORKING', 'WARNING LEASE_ENDANGERED']);
    expect(seen({ leaseSeconds: 31 })).toEqual(['STUCK', 'CRITICAL HEARTBEAT_STALE']);
  });

  test('that may not be read leaves it open whether anybody works, unless the debug log tells', () => {
    const lost = { heartbeatState: null, heartbeat: null, heartbeatsReadable: false } as const;
    const { verdict, summary } = coderDiagnosis({ database: lost });
    expect([verdict, codeOf(verdict)]).toEqual(['UNKNOWN', 2]);
    expect(summary).toContain('its lease could not be read');
    const debugRun = { status: 'in_progress', ageSeconds: 4, hasEnded: false };
    expect(coderDiagnosis({ database: { ...lost, debugRun } }).summary).toMatch(
      /^Working: .* the debug log of its run was written 4 s ago/,
    );
  });
});

describe('a chat that nobody has', () => {
  const alone = { unowned: true, database: LONG } as const;

  test('though a slot is free is one that no chat daemon takes', () => {
    expect(seen({ ...alone, trouble: pool(4) })).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
    expect(first({ ...alone, trouble: pool(4) })?.message).toContain(
      '4 of 5 slots for chats without a parent are taken',
    );
    expect(seen(alone)).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
    for (const trouble of [pool(0), {}])
      expect(first({ ...alone, trouble })?.suggestion).toMatch(/the chat daemon of any replica runs.*within 32 s/);
  });

  test('while others are worked on may be about to be taken, since a slot may have become free just now', () => {
    expect(first({ ...alone, trouble: pool(4) })?.suggestion).toMatch(
      /^Look again in 32 s; .* see in their logs.* -- why /,
    );
    const left = { leaseSeconds: null, database: LONG, trouble: { ownerRow: 'STOPPED', ...pool(4) } } as const;
    expect(first(left)?.suggestion).toMatch(/^Look again in 32 s; /);
  });

  test('and whose tool’s deadline, or next call, passed while it waits for a slot, still waits', () => {
    const waits = { ...alone, trouble: pool(5) };
    expect(seen({ ...waits, state: 'A0' })).toEqual(['WAITING', 'WARNING CAPACITY_WAIT', 'INFO ACTION_PENDING']);
    expect(seen({ ...waits, state: 'A0', database: { ...LONG, requiresActionSecondsLeft: -500 } })).toEqual([
      ...['WAITING', 'WARNING CAPACITY_WAIT', 'WARNING ACTION_DEADLINE_PASSED'],
    ]);
    const due = { ...LONG, retryState: { attempt: 2, error: 'no', kind: 'x' }, retrySecondsLeft: -400 };
    expect(seen({ ...waits, database: due })).toEqual([...['WAITING', 'WARNING CAPACITY_WAIT', 'INFO RETRY_BACKOFF']]);
    expect(seen({ ...waits, database: { ...due, retrySecondsLeft: 1e9 } })[0]).toBe('STUCK');
  });
});

describe('while the whole deployment is full for ten minutes', () => {
  const row = { updatedAgeSeconds: TEN_MINUTES };
  const holding = (['R0', 'R1', 'I0', 'A0', 'A1'] as const).map((state) => ({ state, database: row }));
  const waiting = (['R0', 'R1', 'I0', 'I1', 'A0', 'A1'] as const).flatMap((state) =>
    [pool(5), pool(10, 'SUBAGENT')].map((trouble) => ({ state, unowned: true, database: row, trouble }) as const),
  );

  test('nothing is CRITICAL, and what waits too long has a reason of its own', () => {
    const worst = [...holding, ...waiting].filter(suspect).map((one) => first(one));
    expect(worst.length).toBe(waiting.length);
    expect(new Set(worst.map((one) => `${one?.severity} ${one?.code}`))).toEqual(new Set(['WARNING CAPACITY_WAIT']));
  });

  test('a chat that a dead owner still has is found', () => {
    const leaked = { leaseSeconds: null, database: row, trouble: { ownerRow: 'STALE', ...pool(5) } } as const;
    expect([...seen(leaked), suspect(leaked)]).toEqual(['STUCK', 'CRITICAL HEARTBEAT_MISSING', true]);
  });
});

describe('the debug log of a run', () => {
  const run = (ageSeconds: number | null, hasEnded: boolean | null = false) => ({
    debugRun: { status: 'in_progress', ageSeconds, hasEnded },
  });
  const since = (updatedAgeSeconds: number, debugRun: ReturnType<typeof run> | object = {}, more = {}) => ({
    database: { updatedAgeSeconds, ...debugRun },
    ...more,
  });

  test('that was just written to tells of a chat that its row leaves quiet', () => {
    expect(seen(since(2_000, run(3)))).toEqual(['WORKING', 'INFO QUIET']);
    const { summary, findings } = coderDiagnosis(since(2_000, run(3)));
    expect(summary).toContain('the debug log of its run was written 3 s ago');
    expect([findings[0]?.message.includes('written 3 s ago'), findings[0]?.suggestion]).toEqual([true, null]);
    expect(seen(since(500, run(3)))).toEqual(['WORKING']);
  });

  test('that is silent for longer than the platform lets a model be is a warning, for it may just be off', () => {
    expect(seen(since(900, run(600)))).toEqual(['WORKING', 'INFO QUIET']);
    expect(seen(since(900, run(601)))).toEqual(['WORKING', 'WARNING NO_PROGRESS']);
    expect(first(since(900, run(601)))?.suggestion).toMatch(/unless the debug log was switched off.*interrupt"`/);
    expect(first(since(900, run(601)))?.evidence).toContainEqual({
      ...{ source: 'DATABASE', field: 'database.debugRun.ageSeconds', value: '601' },
    });
    expect(suspect(since(900, run(601)))).toBe(true);
  });

  test.each([
    ['is older than the row’s last change', since(500, run(900))],
    ['has ended', since(500, run(700, true))],
    ['has no time that can be said', since(500, run(null))],
    ['is of a chat that waits for a tool', since(900, run(800), { state: 'A0' })],
    ['is of one whose next call of the model is due later', since(900, { ...run(800), retrySecondsLeft: 60 })],
    ['is of one that is interrupted', since(500, run(800), { state: 'I0' })],
  ])('tells nothing when it %s', (_what, changes) => {
    expect(seen(changes as CoderChanges)).not.toContain('WARNING NO_PROGRESS');
  });
});
