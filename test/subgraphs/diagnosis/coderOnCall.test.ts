/** Cases that somebody on call meets at a Coder deployment, beyond the plain words of its rows. */
import { describe, expect, test } from '@jest/globals';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { coderDiagnosis, coderSnapshot, pool, seenOnCoder as seen } from './coder.ts';

const LONG = { updatedAgeSeconds: 601 };
const failed = (kind: string, retryable = false) => ({ kind, message: 'no', status_code: null, retryable });
const suggestion = (changes: Parameters<typeof coderDiagnosis>[0]) => coderDiagnosis(changes).findings[0]?.suggestion;

describe('slots', () => {
  test.each([
    ['ROOT', 5, 'CAPACITY_ROOT'],
    ['SUBAGENT', 10, 'CAPACITY_SUBAGENTS'],
  ])(
    'of the kind %s of which more are taken than there should be show that %i is wrong, not that a chat waits',
    (kind, capacity, setting) => {
      const trouble = { pool: { kind, used: capacity + 3, capacity } };
      const waits = (updatedAgeSeconds: number) =>
        ({ unowned: true, database: { updatedAgeSeconds }, trouble }) as const;
      expect(seen(waits(10_800))).toEqual(['UNKNOWN', 'WARNING NO_OWNER']);
      expect(seen(waits(20))).toEqual(['WORKING', 'INFO NO_OWNER']);
      for (const [age, isOne] of [
        [32, false],
        [33, true],
      ] as const)
        expect(suspectByRules(coderSnapshot(waits(age)), {})).toBe(isOne);
      const { summary, findings } = coderDiagnosis(waits(10_800));
      expect(summary).toMatch(
        /^Not known: no worker has taken it for 3 h, and whether a slot is free is not known: \d+ chats/,
      );
      expect(findings[0]?.message).toMatch(
        new RegExp(`${capacity + 3} chats hold one, and there should be ${capacity}`),
      );
      expect(findings[0]?.suggestion).toMatch(new RegExp(`^Set ${setting} to as many .* -- why `));
      const late = {
        ...waits(10_800),
        state: 'A0',
        database: { ...waits(10_800).database, requiresActionSecondsLeft: -50 },
      } as const;
      expect(seen(late)).toEqual(['UNKNOWN', 'WARNING NO_OWNER', 'WARNING ACTION_DEADLINE_PASSED']);
      const due = { retryState: { attempt: 2, error: 'no', kind: 'x' }, retrySecondsLeft: -400 };
      expect(seen({ ...waits(10_800), database: { ...waits(10_800).database, ...due } })[0]).toBe('UNKNOWN');
      const dead = { leaseSeconds: null, database: LONG, trouble: { ownerRow: 'STOPPED', ...trouble } } as const;
      expect(seen(dead)[1]).toBe('CRITICAL OWNER_STOPPED');
      expect(coderDiagnosis(dead).summary).not.toContain('once a slot is free');
    },
  );

  test('of which only half is known excuse nothing', () => {
    for (const half of [
      { used: null, capacity: 5 },
      { used: 5, capacity: null },
    ])
      expect(seen({ unowned: true, database: LONG, trouble: { pool: { kind: 'ROOT', ...half } } })).toEqual([
        ...['STUCK', 'CRITICAL NO_OWNER'],
      ]);
  });

  test('that are all taken are not blamed while the database takes no writes', () => {
    const trouble = { ...pool(5), canWrite: false, isInRecovery: false };
    expect(seen({ unowned: true, database: LONG, trouble })[1]).toBe('CRITICAL DATABASE_READ_ONLY');
  });

  test('keep a parent and its child waiting, each for one of its own kind', () => {
    const parent = { state: 'A0', unowned: true, database: LONG, trouble: pool(5) } as const;
    const child = { unowned: true, database: LONG, trouble: pool(10, 'SUBAGENT') } as const;
    expect(seen(parent)[0]).toBe('WAITING');
    expect(coderDiagnosis(child).summary).toContain('10 of 10 slots for chats that another chat started are taken');
  });

  test('say nothing of a chat whose attempts have led nowhere: one more slot would not help it', () => {
    const spins = { generationAttempt: 6, retryStateVersion: 5, historyVersion: 5 };
    expect(seen({ unowned: true, database: { ...LONG, ...spins }, trouble: pool(5) })).toEqual([
      ...['STUCK', 'CRITICAL SPINNING', 'WARNING CAPACITY_WAIT'],
    ]);
  });
});

test('an owner whose row nobody may read, or which writes none, is told by its lease', () => {
  const dead = { leaseSeconds: null, database: LONG, trouble: { ownerRow: null, ...pool(5) } } as const;
  expect(seen(dead)).toEqual(['STUCK', 'CRITICAL HEARTBEAT_MISSING']);
  expect(suggestion(dead)).toMatch(/^Wait, or end or interrupt chats that hold the slots: .* -- replicas`/);
  expect(seen({ ...dead, leaseSeconds: 3 })).toEqual(['WORKING', 'INFO QUIET']);
});

describe('where no row of a replica is alive', () => {
  const none = { liveReplicas: 0 };

  test('that is said first, of a chat that nobody has and of one whose owner stopped', () => {
    const alone = { unowned: true, database: LONG, trouble: { ...none, ...pool(0) } } as const;
    expect(seen(alone)).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
    expect(coderDiagnosis(alone).summary).toMatch(/^Stuck: no worker has taken it for 10 min: no replica is alive;/);
    const left = { leaseSeconds: null, database: LONG, trouble: { ownerRow: 'STOPPED', ...none, ...pool(1) } } as const;
    for (const chat of [alone, left])
      expect(suggestion(chat)).toMatch(
        /^Bring up the replicas of the deployment: none of them is alive\. `.* -- replicas`/,
      );
  });

  test('is not said where some are, or nothing is known of any', () => {
    for (const liveReplicas of [null, 2]) {
      const { summary } = coderDiagnosis({ unowned: true, database: LONG, trouble: { liveReplicas, ...pool(0) } });
      expect(summary).toContain('there is room');
    }
  });
});

describe('a chat at rest', () => {
  const rest = (role: string, hasText = true) =>
    ({
      state: 'W',
      database: { ...LONG, lastMessage: { role, ageSeconds: 601, hasText, finishReason: null } },
    }) as const;

  test('after a turn that nobody had taken yet was interrupted is the person’s move', () => {
    expect(seen(rest('user'))).toEqual(['IDLE', 'WARNING UNANSWERED']);
    expect(coderDiagnosis(rest('user')).summary).toContain('unless it was interrupted, compacted or cleared');
  });

  test('after an interrupted tool call may have been left so', () => {
    expect(coderDiagnosis(rest('tool')).summary).toContain('ended without an answer, unless it was interrupted:');
    expect(seen(rest('assistant', false))).toEqual(['IDLE', 'WARNING UNANSWERED']);
    expect(seen(rest('assistant'))).toEqual(['IDLE']);
  });
});

describe('a chat that failed', () => {
  test.each([
    ['context_length', /^Compact the chat: .*\/compact"`/],
    ['auth', /^Mend the key of the model’s provider in the settings of the deployment, and then send .*\/messages"`/],
    ['history', /^Edit the person’s message .*-X PATCH .*\/messages\/<message>"`/],
    ['step_limit', /^See what the turn went round in, .*-X GET .*\/messages"`/],
    ['overloaded', /^Send a message to try again .*-X POST .*\/messages"`/],
  ])('by %s is advised what can be done there', (kind, advice) => {
    const lastError = failed(kind, kind === 'overloaded');
    expect(suggestion({ state: 'E0', database: { lastError } })).toMatch(advice);
    expect(coderDiagnosis({ state: 'E0', database: { lastError } }).verdict).toBe('FAILED');
  });

  test('with a call left open is not promised that a message closes it', () => {
    const openCalls = [{ id: 'call_1', toolName: 'execute', ageSeconds: 9, timesUnanswered: 1 }];
    const chat = { state: 'E0', database: { lastError: failed('x'), openCalls } } as const;
    expect(suggestion(chat)).not.toContain('is closed first');
  });
});

describe('a chat that cannot go on', () => {
  test('with a lease that is renewed is interrupted, or its replica restarted', () => {
    const overdue = { retryState: { attempt: 2, error: 'no', kind: 'x' }, retrySecondsLeft: -300 };
    expect(suggestion({ database: overdue })).toMatch(
      /^Interrupt the turn, or restart replica \S+: its lease then runs out by itself after 30 s, .*\/interrupt"`/,
    );
  });
});
