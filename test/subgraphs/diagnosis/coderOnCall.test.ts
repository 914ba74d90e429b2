/** What somebody on call meets at a Coder deployment, beyond what its rows plainly say. */
import { describe, expect, test } from '@jest/globals';
import { coderDiagnosis, pool, seenOnCoder as seen } from './coder.ts';

const LONG = { updatedAgeSeconds: 601 };
const failed = (kind: string, retryable = false) => ({ kind, message: 'no', status_code: null, retryable });
const suggestion = (changes: Parameters<typeof coderDiagnosis>[0]) => coderDiagnosis(changes).findings[0]?.suggestion;

describe('slots', () => {
  test('beyond a licence that ran out are taken all the same', () => {
    const waits = { unowned: true, database: LONG, trouble: { pool: { kind: 'ROOT', used: 7, capacity: 5 } } } as const;
    expect(seen(waits)).toEqual(['WAITING', 'WARNING CAPACITY_WAIT']);
    expect(coderDiagnosis(waits).summary).toContain('7 of 5 slots for chats without a parent are taken');
  });

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
