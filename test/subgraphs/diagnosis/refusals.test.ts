/** Refusals that the database gives workers, named with their remedy: another owner would not help. */
import { describe, expect, test } from '@jest/globals';
import type { Candidate } from '../../../domain/diagnosis/snapshot.ts';
import { type Changes, codes, diagnosisOf, snapshot } from './snapshots.ts';

const CHAT = snapshot().chatId;
const OWNER = snapshot().database?.workerId ?? '';
const candidate = (n: number, more: Partial<Candidate> = {}): Candidate => ({
  ...{
    workerId: `00000000-0000-4000-8000-0000000000c${n}`,
    reachability: { status: 'OK' },
    isFull: false,
    roomSeconds: null,
  },
  ...{ isDraining: false, runnerCount: 1, capacity: 9, acquisitionError: null, refusedChats: [], ...more },
});
const refused = (reason: string, chatId = CHAT) => ({ refusedChats: [{ chatId, reason }] });
const NONE: [] = [];
const missing = { heartbeatState: 'MISSING', heartbeat: null } as const;
const stale = { heartbeatState: 'STALE', heartbeat: { ageSeconds: 45, staleAfterSeconds: 30 } } as const;
const seen = (changes: Changes) => {
  const { verdict, summary, findings } = diagnosisOf(changes);
  const [first] = findings;
  const evidence = first?.evidence.map(({ field }) => field) ?? [];
  return { verdict, summary, first: first?.code, text: `${first?.message} ${first?.suggestion}`, evidence };
};

describe('a chat that no worker can take', () => {
  const unowned = { owner: 'unowned' } as const;

  test.each([
    ['P0001', 'has a trigger that refuses the row', 'correct the trigger'],
    ['23514', 'refuses the row by a constraint', 'correct the constraint'],
    ['42501', 'does not give the user the right to do this', 'SELECT, INSERT, UPDATE and DELETE on the tables'],
    ['DISK_FULL', 'no room left on its disk', 'make room on the disk'],
    ['LOCKED', 'a lock that another session holds', 'end the session'],
    ['XX000', 'refuses this (XX000)', 'see in the log of the database'],
  ])('for the database refuses it (%s) says so, and what helps', (word, what, mends) => {
    const found = seen({ ...unowned, candidates: [candidate(1), candidate(2, refused(word))] });
    expect(found).toMatchObject({ verdict: 'STUCK', first: 'NO_OWNER' });
    expect(found.text).toContain(what);
    expect(found.text).toContain(`(${word})`);
    expect(found.summary).toContain(mends);
    expect(found.text).not.toContain('none took it');
    expect(found.evidence).toContain('candidates[1].refusedChats[0].reason');
  });

  test('is another than the one that was refused', () => {
    expect(seen({ ...unowned, candidates: [candidate(1, refused('P0001', OWNER))] }).text).toContain('none took it');
  });

  test('for no replica can so much as look says so, but not where one can', () => {
    const away = candidate(1, { acquisitionError: 'DISK_FULL' });
    const found = seen({ ...unowned, candidates: [candidate(2, { isFull: true }), away] });
    expect(found.text).toContain('no room left on its disk (DISK_FULL)');
    expect(found.evidence).toContain('candidates[1].acquisitionError');
    expect(seen({ ...unowned, candidates: [away, candidate(2)] }).text).toContain('2 of 2 live replicas have room');
  });

  test.each([
    ['HEARTBEAT_MISSING', { database: missing }],
    ['HEARTBEAT_STALE', { database: stale }],
    ['RUNNER_MISSING', { database: missing, runtime: { runners: NONE } }],
    ['OWNER_STOPPED', { owner: 'STOPPED', database: stale }],
    ['OWNER_UNKNOWN', { owner: 'UNKNOWN_REPLICA', database: missing }],
    ['OWNER_UNREACHABLE', { owner: 'TIMED_OUT', database: stale }],
  ] as const)('is not to be released for %s', (code, changes) => {
    expect(seen({ ...changes, candidates: [candidate(1)] })).toMatchObject({
      first: code,
      text: expect.stringContaining('--action release'),
    });
    const found = seen({ ...changes, candidates: [candidate(1, refused('23514'))] });
    expect(found.first).toBe(code);
    expect(found.text).toContain('no worker can go on with it: the database refuses the row by a constraint (23514)');
    expect(found.text).not.toContain('--action release');
    expect(found.summary).toContain('correct the constraint');
    expect(found.evidence).toContain('candidates[0].refusedChats[0].reason');
  });
});

describe('a lease', () => {
  const failing = (lastError: string) => ({ lease: { consecutiveFailures: 3, lastError, ageSeconds: 25 } });

  test('that the database refuses is refused whoever has the chat', () => {
    const found = seen({ database: missing, ...failing('P0001') });
    expect(found).toMatchObject({ verdict: 'STUCK', first: 'HEARTBEAT_MISSING' });
    expect(found.text).toContain('has a trigger that refuses the row (P0001)');
    expect(found.text).not.toContain('--action release');
    expect(found.evidence).toContain('runtime.runners[0].lease.lastError');
  });

  test('of an owner that is cut off from the database is for another to take', () => {
    const found = seen({ database: stale, ...failing('CONNECTION_LOST') });
    expect(found.text).toContain('the database does not keep its connections (CONNECTION_LOST)');
    expect(found.text).toContain('--action release');
  });

  test('that is endangered says what delays it: a lock, or what else the owner was told', () => {
    const plain = seen({ lease: { consecutiveFailures: 2 } });
    expect([plain.verdict, plain.first]).toEqual(['WORKING', 'LEASE_ENDANGERED']);
    expect(plain.text).toContain('overloaded or cut off');
    const locked = seen({ ...failing('LOCKED'), trouble: { rowLocked: true, rowLockedSeconds: 6 } });
    expect(locked.text).toContain('another session holds the row or a table in a transaction that began 6 s ago');
    expect(locked.text).toContain('lockedBy of trouble');
    expect(locked.evidence).toContain('database.trouble.rowLocked');
    expect(seen(failing('LOCKED')).text).toContain('has a lock that another session holds (LOCKED)');
    const refusedOne = seen(failing('23514'));
    expect(refusedOne.text).toContain('refuses the row by a constraint (23514)');
    expect(refusedOne.text).not.toContain('overloaded');
    expect(refusedOne.evidence).toContain('runtime.runners[0].lease.lastError');
  });
});

describe('a task', () => {
  test('that waits for a full disk says so from the first second on, and what to do after 10', () => {
    const waits = (waitsForDatabaseSeconds: number) => ({
      task: { waitsForDatabaseSeconds, databaseError: 'DISK_FULL' },
    });
    const first = seen(waits(3));
    expect([first.verdict, first.first]).toEqual(['WORKING', undefined]);
    expect(first.summary).toContain('waited for the database for 3 s: the database has no room left on its disk');
    const long = seen(waits(11));
    expect([long.verdict, long.first]).toEqual(['STUCK', 'NO_PROGRESS']);
    expect(long.text).toContain('the database has no room left on its disk (DISK_FULL)');
    expect(long.summary).toContain('should make room on the disk');
    expect(long.evidence).toContain('runtime.runners[0].activeTask.databaseError');
    const lost = { task: { waitsForDatabaseSeconds: 11, databaseError: 'CONNECTION_LOST' } };
    expect(seen(lost).verdict).toBe('WORKING');
    expect(seen(lost).summary).toContain('the database does not keep its connections (CONNECTION_LOST)');
  });

  test.each(['R0', 'I0', 'A0'] as const)(
    'that breaks off for a refused row in %s is not helped by an interruption',
    (state) => {
      const found = seen({ state, task: { breakOffs: 4, lastBreakOff: '23514' } });
      expect([found.verdict, found.first]).toEqual(['STUCK', 'SPINNING']);
      expect(found.text).toContain('refuses the row by a constraint (23514)');
      expect(found.text).not.toMatch(/-- (interrupt|release) /);
    },
  );

  test.each([
    ['R0', 'interrupt'],
    ['I0', 'release'],
    ['I1', 'release'],
  ] as const)('that breaks off otherwise in %s: %s', (state, command) => {
    expect(seen({ state, task: { breakOffs: 4, lastBreakOff: 'TypeError' } })).toMatchObject({
      first: 'SPINNING',
      text: expect.stringContaining(`--action ${command}`),
    });
  });
});

describe('whoever has the chat', () => {
  const waits = (databaseError: string) => ({ task: { waitsForDatabaseSeconds: 9, databaseError } });

  test.each([
    ['RETRY_OVERDUE', { database: { retryState: { attempt: 1, error: '', kind: 'network' }, retrySecondsLeft: -20 } }],
    ['ACTION_DEADLINE_PASSED', { state: 'A0', database: { requiresActionSecondsLeft: -20 } }],
    ['HEARTBEAT_MISSING', { database: missing }],
  ] as const)('waits for a full disk, so that %s is not for another to mend', (code, changes) => {
    const full = seen({ ...changes, ...waits('DISK_FULL') });
    expect([full.verdict, full.first]).toEqual(['STUCK', code]);
    expect(full.text).toContain('no worker can go on with it: the database has no room left on its disk (DISK_FULL)');
    expect(full.summary).toContain('make room on the disk');
    expect(full.text).not.toContain('--action release');
    expect(full.evidence).toContain('runtime.runners[0].activeTask.databaseError');
    expect(seen({ ...changes, ...waits('CONNECTION_LOST') }).text).toContain('--action release');
  });

  test.each([3, 5])('loses its lease to a trigger, so that the next after %i attempts would as well', (times) => {
    const lost = {
      generationAttempt: times,
      heartbeats: ['a', 'b'].map((digit) => ({
        runnerId: `00000000-0000-4000-8000-00000000000${digit}`,
        ageSeconds: 9,
      })),
    };
    const lease = { consecutiveFailures: 1, lastError: 'P0001' };
    const found = seen({ database: lost, lease });
    expect(found.first).toBe('OWNERS_LOST');
    expect(found.text).toContain('the database has a trigger that refuses the row (P0001)');
    expect(found.text).toContain('each owner loses its lease to that');
    expect(found.text).not.toMatch(/-- (interrupt|release) /);
    const once = { consecutiveFailures: 1, lastError: 'LOCKED' };
    expect(seen({ database: lost, lease: once }).text).not.toContain('LOCKED');
    expect(seen({ database: lost, lease: { ...once, consecutiveFailures: 2 } }).text).toContain('(LOCKED)');
  });
});

describe('attempts begun in vain', () => {
  const many = { generationAttempt: 6, retryStateVersion: 0, updatedAgeSeconds: 40 };
  const at = (more: Partial<NonNullable<Changes['task']>>) => ({
    task: { attempt: 6, secondsSinceProgress: 1, ...more },
  });

  test('are over once the owner is at one that lasts and gets on', () => {
    expect(codes(diagnosisOf({ database: many, ...at({}) }))).toEqual([]);
  });

  test.each([
    ['the attempt has only just begun', { database: { ...many, updatedAgeSeconds: 4 }, ...at({}) }],
    ['it has given no sign of life since it began', { database: many, ...at({ secondsSinceProgress: 40 }) }],
    ['it is another attempt than the row has', { database: many, ...at({ attempt: 5 }) }],
    ['it broke off before', { database: many, ...at({ breakOffs: 1 }) }],
    ['it waits for the database', { database: many, ...at({ waitsForDatabaseSeconds: 5 }) }],
    ['nobody was asked', { owner: 'NOT_ASKED', database: many }],
  ] as const)('are not over where %s', (_why, changes) => {
    expect(codes(diagnosisOf(changes))).toEqual(['CRITICAL SPINNING']);
  });
});

describe('a row that somebody changed by hand', () => {
  const lease = (ageSeconds: number) => [{ runnerId: snapshot().database?.runnerId ?? '', ageSeconds }];
  const byHand = (ageSeconds: number, more = {}): Changes => ({
    owner: 'unowned',
    candidates: [candidate(1)],
    database: { updatedAgeSeconds: 1_200, heartbeats: lease(ageSeconds), ...more },
  });

  test('has the time of any other to be taken, as its last lease tells', () => {
    expect(codes(diagnosisOf(byHand(3)))).toEqual(['INFO NO_OWNER']);
    expect(diagnosisOf(byHand(3)).verdict).toBe('WORKING');
  });

  test('is not said to have waited for longer than its last lease is old', () => {
    const found = seen(byHand(25));
    expect([found.verdict, found.first]).toEqual(['STUCK', 'NO_OWNER']);
    expect(found.text).toContain('since its last lease was renewed, 25 s ago');
    expect(found.text).not.toContain('20 min');
  });

  test('that names a worker and no runner does not tell since when, without a lease', () => {
    const half = byHand(25, { heartbeats: [], workerId: OWNER, runnerId: null });
    expect(seen(half).text).toContain('No worker has taken it: ');
    expect(seen(half).text).not.toContain('20 min');
  });
});

describe('a frozen owner', () => {
  test('does not count among those who may have room', () => {
    const frozen = candidate(1, { workerId: OWNER, reachability: { status: 'TIMED_OUT' }, isFull: null });
    const found = seen({ owner: 'TIMED_OUT', database: stale, candidates: [frozen, candidate(2, { isFull: true })] });
    expect(found.first).toBe('OWNER_UNREACHABLE');
    expect(found.summary).toContain('should start a replica');
  });
});

describe('chats below themselves', () => {
  test('wait for themselves, or for each other, and are told apart from lost ones', () => {
    const child = (chatId: string, executionState: string) => ({
      database: { lostChildren: [{ chatId, executionState }] },
    });
    const own = seen({ state: 'A0', ...child(CHAT, 'A0') });
    expect([own.first, own.verdict]).toEqual(['CHILD_LOST', 'WAITING']);
    expect(own.text).toContain('it may wait for itself, as its own parent'.slice(3));
    expect(own.text).toContain('-- tool-result ');
    const circle = seen({ state: 'A0', ...child(OWNER, 'A1') });
    expect(circle.text).toContain('which is above it as well and waits for it');
    const lost = seen({ state: 'A0', ...child(OWNER, 'E0') });
    expect(lost.text).toContain(`its child ${OWNER} (E0), which will not answer`);
  });
});
