/** Cases that people met on real systems, as far as the two halves of a chat tell them. */
import { describe, expect, test } from '@jest/globals';
import { possibleAction } from '../../../domain/actions/offers.ts';
import { readSnapshot } from '../../../domain/diagnosis/snapshot.ts';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import type { ExecutionState } from '../../../domain/executionState.ts';
import { NOT_AN_ALLOWED_ADDRESS } from '../../../domain/reachabilityReasons.ts';
import { MATRIX_SETTINGS } from '../../../scripts/combinations.ts';
import { type Changes, codes, diagnosisOf, snapshot } from './snapshots.ts';

const seen = (changes: Changes) => {
  const diagnosis = diagnosisOf(changes);
  return [diagnosis.verdict, ...codes(diagnosis)];
};
const first = (changes: Changes) => {
  const [finding] = diagnosisOf(changes).findings;
  return `${finding?.message} ${finding?.suggestion}`;
};
/** Findings that an interrupt is said to answer in this state. */
const answersOf = (state: ExecutionState) =>
  possibleAction('INTERRUPT_CHAT', { state, workerId: null, runnerId: null, queueDepth: 0 }).answers;
const LEASES = [1, 2].map((n) => ({ runnerId: `00000000-0000-4000-8000-00000000001${n}`, ageSeconds: n }));
const stale = { heartbeatState: 'STALE', heartbeat: { ageSeconds: 40, staleAfterSeconds: 30 } } as const;
const candidate = (isFull: boolean | null, more = {}) => ({
  ...{ workerId: '00000000-0000-4000-8000-0000000000c1', reachability: { status: 'OK' } },
  ...{
    isFull,
    roomSeconds: null as number | null,
    isDraining: false,
    runnerCount: 1,
    capacity: 1,
    acquisitionError: null,
    refusedChats: [],
    ...more,
  },
});

describe('one odd value', () => {
  test('a deadline that never comes is none', () => {
    expect(seen({ state: 'A0', database: { requiresActionSecondsLeft: null } })).toEqual([
      'WAITING',
      'INFO ACTION_PENDING',
    ]);
  });

  test('a chat at rest whose last message could not be read may have an answer, or not', () => {
    const lost = { lastMessage: null, unreadable: ['lastMessage'] };
    expect(seen({ state: 'W', owner: 'unowned', database: lost })).toEqual(['UNKNOWN', 'WARNING VALUE_UNREADABLE']);
  });

  test('a value that nobody could read is named, and decides only where nothing else is certain', () => {
    const lost = { updatedAgeSeconds: null, unreadable: ['updatedAt'] };
    expect(seen({ database: lost })).toEqual(['UNKNOWN', 'WARNING VALUE_UNREADABLE']);
    expect(first({ database: lost })).toContain('UpdatedAt could not be read.');
    expect(seen({ owner: 'UNREACHABLE', database: { ...lost, ...stale } })).toEqual([
      'STUCK',
      'CRITICAL OWNER_UNREACHABLE',
      'WARNING VALUE_UNREADABLE',
      'WARNING HEARTBEAT_STALE',
    ]);
    expect(seen({ owner: 'unowned', database: lost })).toEqual([
      'UNKNOWN',
      'WARNING VALUE_UNREADABLE',
      'INFO NO_OWNER',
    ]);
  });

  test.each([
    [{ snapshotVersion: null, unreadable: ['snapshotVersion'] }, 'WORKING'],
    [{ turn: null, unreadable: ['turn'] }, 'WORKING'],
    [{ heartbeat: null, unreadable: ['heartbeat'] }, 'UNKNOWN'],
  ])('%j: %s', (database, verdict) => {
    expect(seen({ database })).toEqual([verdict, 'WARNING VALUE_UNREADABLE']);
  });

  test('a question that waited for a lock says so', () => {
    const nothing = {
      canWrite: true,
      isInRecovery: false,
      replayLagSeconds: null,
      ownerRow: null,
      platform: null,
      pool: null,
      thresholds: null,
    };
    const trouble = {
      ...nothing,
      rowLocked: true,
      rowLockedSeconds: 5,
      rowAwaited: null,
      readersKeptOut: true,
      liveReplicas: null,
    };
    expect(first({ database: { turn: null, unreadable: ['turn'], trouble } })).toContain(
      'Turn could not be read while another session holds a table.',
    );
  });

  test('what no rule needs is nobody’s trouble', () => {
    expect(seen({ database: { unreadable: ['createdAt', 'lastMessage', 'openCalls'] } })).toEqual(['WORKING']);
    expect(seen({ state: 'W', owner: 'unowned', database: { unreadable: ['updatedAt'] } })).toEqual(['IDLE']);
  });

  test('costs nothing else of the row that it stands in', () => {
    const odd = {
      status: 'running',
      workerId: 7,
      lastError: 'as text',
      heartbeats: 'none',
      trouble: { canWrite: 'no' },
    };
    const { database } = readSnapshot({ chatId: 'x', database: odd });
    expect([database?.status, database?.workerId, database?.heartbeats]).toEqual(['running', null, null]);
    expect(database?.trouble?.canWrite).toBeNull();
    expect([database?.lastError, database?.retryState]).toEqual([
      { kind: null, message: null, status_code: null, retryable: null },
      null,
    ]);
  });

  test('a status that this version does not know is not repaired', () => {
    const unknown = { state: 'INVALID', owner: 'unowned', database: { status: 'compacting' } } as const;
    expect(seen(unknown)).toEqual(['UNKNOWN', 'WARNING STATUS_UNKNOWN']);
    expect(first(unknown)).not.toContain('reconcile');
    for (const status of ['pending', 'paused', 'completed', 'waiting']) {
      expect(seen({ ...unknown, database: { status } })).toEqual(['STUCK', 'CRITICAL INVALID_STATE']);
    }
    const elsewhere = { ...unknown, database: { status: 'paused' }, trouble: { platform: 'coder' } };
    expect(seen(elsewhere)).toEqual(['IDLE']);
    expect(diagnosisOf(elsewhere).summary).toContain('the person edits a queued message');
  });
});

describe('a turn without end', () => {
  const begun = { generationAttempt: 5, retryStateVersion: 5, historyVersion: 5 };

  test('attempts that neither fail nor lead anywhere', () => {
    expect(seen({ database: begun })).toEqual(['STUCK', 'CRITICAL SPINNING']);
    expect(seen({ database: { ...begun, generationAttempt: 4 } })).toEqual(['WORKING']);
    expect(seen({ database: { ...begun, retryStateVersion: 6 } })).toEqual(['WORKING']);
    expect(seen({ database: { ...begun, snapshotVersion: 14 }, runner: { snapshotVersion: 14 } })).toEqual([
      'STUCK',
      'CRITICAL SPINNING',
    ]);
    const handedOver = { ...begun, snapshotVersion: 15 };
    expect(seen({ database: handedOver, runner: { snapshotVersion: 15 } })).toEqual(['WORKING']);
    expect(seen({ task: { breakOffs: 3, lastBreakOff: 'row changed' } })).toEqual(['STUCK', 'CRITICAL SPINNING']);
    expect(first({ task: { breakOffs: 3, lastBreakOff: 'row changed' } })).toContain('got nowhere (row changed)');
    expect(seen({ task: { breakOffs: 2 } })).toEqual(['WORKING']);
  });

  /** Taken so long ago, and not known to be renewed since. */
  const taken = (seconds: number, attempts = 5, more = {}) => ({
    database: { ...begun, generationAttempt: attempts, heartbeats: LEASES, updatedAgeSeconds: seconds, ...more },
    runner: { uptimeSeconds: seconds },
  });

  test('owner after owner is lost at it: interrupt, do not release', () => {
    expect(seen(taken(20))).toEqual(['STUCK', 'CRITICAL OWNERS_LOST']);
    expect(seen(taken(20, 3))).toEqual(['WORKING', 'WARNING OWNERS_LOST']);
    expect(seen(taken(20, 2))).toEqual(['WORKING']);
    expect(seen({ ...taken(60, 5, stale), owner: 'UNREACHABLE' })).toEqual([
      'STUCK',
      'CRITICAL OWNERS_LOST',
      'WARNING OWNER_UNREACHABLE',
      'WARNING HEARTBEAT_STALE',
    ]);
    expect(first(taken(20))).toMatch(/give it to no other owner.*npm run chat-debug -- fix [^ ]+ --action interrupt/);
  });

  test('a few owners that lost a chat need not have died of it: look before the turn is given up', () => {
    const few = taken(5, 3);
    expect(first(few)).toMatch(/its owners end at it, or lose it.*if it is this chat alone.*chat-debug -- replicas/is);
    expect(first(few)).not.toMatch(/whoever takes the chat is lost/);
  });

  test.each([
    ['by its row', taken(40), '40 s'],
    ['by its row alone', { owner: 'NOT_ASKED', ...taken(40) } as const, '40 s'],
    ['by its runner, where a queued message changed the row', { ...taken(5), runner: { uptimeSeconds: 90 } }, '90 s'],
  ])('an owner that renewed its lease for longer than it is good for is not to be ended: %s', (_how, held, time) => {
    const changes = { ...held, task: { attempt: 5 } };
    expect(seen(changes)).toEqual(['WORKING', 'WARNING OWNERS_LOST']);
    expect(first(changes)).toContain(`its present owner has held it for ${time}`);
    expect(first(changes)).toMatch(/Wait: .* `npm run chat-debug -- why /);
    expect(first(changes)).not.toMatch(/--action interrupt|give it to no other owner/);
  });

  test.each([
    [
      'its lease was not renewed since it took the chat',
      taken(40, 5, { heartbeat: { ageSeconds: 11, staleAfterSeconds: 30 } }),
    ],
    ['its lease has run out', taken(80, 5, stale)],
    ['its attempt is another than the row has', { ...taken(5), runner: { uptimeSeconds: 90 }, task: { attempt: 4 } }],
    ['its attempt broke off', { ...taken(5), runner: { uptimeSeconds: 90 }, task: { attempt: 5, breakOffs: 1 } }],
  ])('an owner does not hold a chat where %s', (_why, changes) => {
    expect(seen(changes).slice(0, 2)).toEqual(['STUCK', 'CRITICAL OWNERS_LOST']);
  });

  test('whether an owner can renew its lease shows only once it has tried: nobody ends the turn before', () => {
    expect(seen(taken(5))).toEqual(['STUCK', 'CRITICAL OWNERS_LOST']);
    expect(first(taken(5))).toMatch(/Look again in 9 s, and interrupt the turn unless .* `npm run chat-debug -- why /);
    expect(first(taken(5))).not.toContain('--action interrupt');
    expect(first({ ...taken(5), owner: 'UNREACHABLE' })).toContain('--action interrupt');
  });

  test('too many steps, and whether the person waits behind them', () => {
    const turn = { ageSeconds: 28, steps: 51, toolCalls: 50 };
    const behind = { turn, queueDepth: 2, oldestQueuedAgeSeconds: 61 };
    expect(seen({ database: { turn } })).toEqual(['WORKING', 'WARNING LOOPING']);
    expect(seen({ database: { turn: { ...turn, steps: 50 } } })).toEqual(['WORKING']);
    expect(seen({ state: 'R1', database: behind })).toEqual(['STUCK', 'CRITICAL LOOPING']);
    expect(seen({ state: 'R1', database: { ...behind, oldestQueuedAgeSeconds: 60 } })).toEqual([
      'WORKING',
      'WARNING LOOPING',
    ]);
    expect(first({ state: 'R1', database: behind })).toContain('51 steps without an end, and 2 queued messages wait');
  });

  test('too many steps of a turn that waits outside: an interrupt ends the wait, and the model goes on', () => {
    const waiting = { state: 'A0', database: { turn: { ageSeconds: 28, steps: 51, toolCalls: 50 } } } as const;
    expect(seen(waiting)).toEqual(['WAITING', 'WARNING LOOPING', 'INFO ACTION_PENDING']);
    expect(first(waiting)).toMatch(
      /Edit the message that began the turn: an interrupt ends only the wait, and the model goes on\. `npm run chat -- show /,
    );
    const queued = { ...waiting, state: 'A1', database: { ...waiting.database, queueDepth: 1 } } as const;
    expect(first(queued)).toContain('Edit the message that began the turn, which deletes what is queued:');
    expect(answersOf('A0')).not.toContain('LOOPING');
    expect(answersOf('R0')).toContain('LOOPING');
  });

  test('a wait for the next attempt that no worker would wait', () => {
    expect(seen({ database: { retrySecondsLeft: 721 } })).toEqual(['STUCK', 'CRITICAL RETRY_OVERDUE']);
    expect(seen({ database: { retrySecondsLeft: 720 } })).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
    expect(first({ database: { retrySecondsLeft: 2e9 } })).toContain('no worker waits longer than 10 min');
    expect(first({ database: { retrySecondsLeft: 120 }, task: { attempt: 2, maxAttempts: 8 } })).toContain(
      'Attempt 2 of 8 of calling the model failed, and the next is in 2 min.',
    );
  });
});

test('an interrupt that hangs is not told as a silence of the model', () => {
  const { findings } = diagnosisOf({ state: 'I0', task: { kind: 'INTERRUPT', secondsSinceProgress: 500 } });
  expect(findings[0]?.message).toMatch(/^The task that ends the interrupted turn has given no sign of life for 8 min/);
});

describe('a call of the model that is due, and nobody owns the chat', () => {
  test.each([-400, 5_000])('cannot be taken from anybody: %d s', (retrySecondsLeft) => {
    for (const platform of ['own', 'views']) {
      const database = { retrySecondsLeft, retryState: { attempt: 2, error: 'no', kind: 'overloaded' } };
      const { findings } = diagnosisOf({ owner: 'unowned', database, trouble: { platform } });
      const told = findings.map(({ suggestion }) => suggestion).join();
      expect(told).not.toMatch(/former owner|--action release/);
    }
  });
});

describe('an attempt whose answer the database refused', () => {
  const refused = (error: string, attempt = 1, platform = 'own') => ({
    database: { retrySecondsLeft: 2, retryState: { attempt, error, kind: 'data' } },
    trouble: { platform },
  });
  const CONSTRAINT = 'What the model said could not be stored (SQLSTATE 23514)';

  test.each([1, 5])('may be followed by others like it: attempt %d', (attempt) => {
    const { verdict, findings, summary } = diagnosisOf(refused(CONSTRAINT, attempt));
    expect([verdict, findings.map(({ code, severity }) => `${severity} ${code}`)]).toEqual([
      'WAITING',
      ['WARNING RETRY_BACKOFF'],
    ]);
    expect(summary).not.toContain('nobody has to act');
    expect(findings[0]?.message).toBe(
      `What attempt ${attempt} of 8 of calling the model said could not be stored: the database refuses the row by a constraint (23514), and the next is in 2 s.`,
    );
    expect(findings[0]?.suggestion).toContain('See in the log of the database which row it refuses, and why, or');
    expect(findings[0]?.suggestion).toContain('each further attempt may be refused as well');
    expect(findings[0]?.suggestion).toContain('--action interrupt');
  });

  test('says where to read why, if it was no refusal of the database', () => {
    const told = first(refused('What the model said could not be stored (over 16777216 characters)'));
    expect(told).toContain(
      'What attempt 1 of 8 of calling the model said could not be stored, and the next is in 2 s.',
    );
    expect(told).toContain('See in retryState why');
  });

  test('is a suspect by its row alone', () => {
    const of = (kind: string) => {
      const { database, trouble } = refused(CONSTRAINT);
      const retryState = { ...database.retryState, kind };
      return suspectByRules(snapshot({ database: { ...database, retryState }, trouble }), MATRIX_SETTINGS);
    };
    expect([of('data'), of('overloaded')]).toEqual([true, false]);
  });

  test('is told only where the kind is the worker’s own word', () => {
    expect(seen(refused(CONSTRAINT, 1, 'views'))).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
  });
});

describe('at rest', () => {
  const rest = (lastMessage: object, more = {}) => ({
    ...{ state: 'W' as const, owner: 'unowned' as const },
    database: {
      lastMessage: { role: 'assistant', ageSeconds: 60, hasText: false, finishReason: null, ...lastMessage },
      ...more,
    },
  });

  test('the person’s message stands last, and nobody is to answer it', () => {
    expect(seen(rest({ role: 'user', hasText: true }))).toEqual(['STUCK', 'CRITICAL UNANSWERED']);
    expect(seen(rest({ role: 'user', hasText: true }, { updatedAgeSeconds: 7 }))).toEqual(['IDLE']);
    expect(first(rest({ role: 'user' }))).toMatch(/Send it again\. `npm run chat -- send/);
  });

  test('the person’s message stands last, and the time of the row cannot be said: the message has one of its own', () => {
    const undated = { updatedAgeSeconds: null, unreadable: ['updatedAt'] };
    expect(seen(rest({ role: 'user' }, undated))).toEqual(['STUCK', 'CRITICAL UNANSWERED', 'WARNING VALUE_UNREADABLE']);
    expect(first(rest({ role: 'user' }, undated))).toContain('The person’s message stands last for 60 s, and');
    for (const ageSeconds of [7, null]) {
      expect(seen(rest({ role: 'user', ageSeconds }, undated))).toEqual(['UNKNOWN', 'WARNING VALUE_UNREADABLE']);
    }
    expect(seen(rest({ hasText: true }, undated))).toEqual(['IDLE']);
    for (const lastMessage of [{ role: 'user' }, { role: 'tool' }])
      expect(suspectByRules(snapshot(rest(lastMessage, undated)), MATRIX_SETTINGS)).toBe(true);
  });

  test.each([
    [{ finishReason: 'length' }, 'limit of length'],
    [{ finishReason: 'content-filter' }, 'held the answer back'],
    [{ finishReason: 'tool-calls' }, 'called none'],
    [{ finishReason: 'stop' }, 'wrote no text'],
    [{ finishReason: null }, 'wrote no text'],
    [{ role: 'tool', hasText: null }, 'never saw the result'],
  ])('the turn ended without an answer: %j', (lastMessage, why) => {
    expect(seen(rest(lastMessage))).toEqual(['IDLE', 'WARNING UNANSWERED']);
    expect(first(rest(lastMessage))).toContain(why);
  });

  test.each([
    { hasText: true },
    { hasText: null },
    { finishReason: 'interrupted' },
    { role: 'system' },
    { role: null },
  ])('answered, ended by the person, or not known: %j', (lastMessage) =>
    expect(seen(rest(lastMessage))).toEqual(['IDLE']),
  );
});

describe('the fleet and its database', () => {
  const unowned = { owner: 'unowned' } as const;

  test('who holds the row keeps workers from it', () => {
    const held = { rowLocked: true, rowLockedSeconds: 11 };
    expect(seen({ ...unowned, trouble: held })).toEqual(['STUCK', 'CRITICAL ROW_LOCKED', 'WARNING NO_OWNER']);
    expect(seen({ ...unowned, trouble: { ...held, rowLockedSeconds: 10 } })).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
    expect(seen({ ...unowned, trouble: { ...held, rowLockedSeconds: null } })[1]).toBe('CRITICAL ROW_LOCKED');
    const full = { platform: 'coder', pool: { kind: 'ROOT', used: 5, capacity: 5 } };
    expect(seen({ ...unowned, trouble: { ...held, ...full, rowLockedSeconds: null } })).toEqual([
      'WAITING',
      'INFO CAPACITY_WAIT',
    ]);
    expect(seen({ trouble: held })).toEqual(['WORKING']);
    expect(seen({ trouble: held, task: { waitsForDatabaseSeconds: 11 } })).toEqual(['STUCK', 'CRITICAL ROW_LOCKED']);
    expect(seen({ trouble: held, task: { waitsForDatabaseSeconds: 61 } })).toEqual([
      'STUCK',
      'CRITICAL ROW_LOCKED',
      'WARNING NO_PROGRESS',
    ]);
  });

  test('a worker that waits for the database is not a model that is silent', () => {
    const waiting = { waitsForDatabaseSeconds: 61, secondsSinceProgress: 61 };
    expect(first({ task: waiting })).toMatch(/waiting for the database for 61 s/);
    expect(seen({ task: { ...waiting, waitsForDatabaseSeconds: 20 } })).toEqual(['WORKING']);
    expect(diagnosisOf({ task: { waitsForDatabaseSeconds: 20 } }).summary).toContain(
      'waited for the database for 20 s',
    );
  });

  test('a database that takes no writes', () => {
    const readOnly = { canWrite: false, isInRecovery: false };
    expect(seen({ runtime: { runners: [] }, trouble: readOnly })).toEqual([
      'STUCK',
      'CRITICAL DATABASE_READ_ONLY',
      'WARNING RUNNER_MISSING',
    ]);
    expect(seen({ ...unowned, trouble: readOnly })).toEqual([
      'STUCK',
      'CRITICAL DATABASE_READ_ONLY',
      'WARNING NO_OWNER',
    ]);
    const demoted = { canWrite: false, isInRecovery: true };
    expect(seen({ trouble: demoted, database: stale })).toEqual([
      'STUCK',
      'CRITICAL DATABASE_READ_ONLY',
      'WARNING HEARTBEAT_STALE',
    ]);
    expect(seen({ trouble: { canWrite: null, isInRecovery: true } })).toEqual(['WORKING']);
  });

  test.each([
    ['0', 'STUCK', /^Stuck: .*\.$/],
    ['0.4', 'STUCK', /^Stuck: .*\.$/],
    [
      '75',
      'UNKNOWN',
      /^Not known: .*; but its row was read on a standby, which may be 75 s behind: ask where the primary is/,
    ],
    ['null', 'UNKNOWN', /^Not known: .*; but its row was read on a standby, which has replayed nothing yet: ask where/],
  ])('a row that was read on a standby %s s behind is not called stuck by what memory has', (lag, verdict, summary) => {
    const trouble = { canWrite: null, isInRecovery: true, replayLagSeconds: JSON.parse(lag) as number | null };
    const chat = { runtime: { runners: [] }, trouble };
    expect(seen(chat)).toEqual([verdict, 'CRITICAL RUNNER_MISSING']);
    expect(diagnosisOf(chat).summary).toMatch(summary);
  });

  test('every replica is full', () => {
    const full = [candidate(true), candidate(true), candidate(true)];
    expect(seen({ ...unowned, candidates: full })).toEqual(['WAITING', 'INFO CAPACITY_WAIT']);
    expect(first({ ...unowned, candidates: full })).toContain('3 of 3 replicas are full');
    expect(first({ ...unowned, candidates: [candidate(true)] })).toContain(
      'It waits for room: the one replica is full',
    );
    expect(seen({ ...unowned, candidates: full, database: { updatedAgeSeconds: 71 } })).toEqual([
      'WAITING',
      'WARNING CAPACITY_WAIT',
    ]);
    const stopping = candidate(false, { isDraining: true });
    expect(seen({ ...unowned, candidates: [...full, stopping] })).toEqual(['WAITING', 'INFO CAPACITY_WAIT']);
  });

  test('a replica that does not answer is no proof of room: a full fleet with a frozen one in it waits for room', () => {
    const frozen = candidate(null, { reachability: { status: 'TIMED_OUT' } });
    const among = { ...unowned, candidates: [candidate(true), frozen, candidate(true)] };
    expect(seen(among)).toEqual(['WAITING', 'INFO CAPACITY_WAIT']);
    expect(first(among)).toContain('2 of 3 replicas are full, and the other one does not answer');
    expect(first({ ...among, candidates: [candidate(true), frozen, frozen] })).toContain(
      'and the others do not answer',
    );
    expect(seen({ ...among, database: { updatedAgeSeconds: 71 } })).toEqual(['WAITING', 'WARNING CAPACITY_WAIT']);
    expect(seen({ ...unowned, candidates: [candidate(false), frozen, candidate(true)] })[1]).toBe('CRITICAL NO_OWNER');
    expect(seen({ ...unowned, candidates: [frozen, frozen] })[1]).toBe('CRITICAL NO_OWNER');
    expect(first({ ...unowned, candidates: [frozen] })).toContain('the one live replica does not answer');
  });

  test('whose chats fill the replicas is said by the command that shows it', () => {
    const { summary } = diagnosisOf({ ...unowned, candidates: [candidate(true)] });
    expect(summary).toContain('with the role, the list of replicas says whose chats fill them');
    expect(summary).not.toContain('runnersByOwner');
  });

  test.each(['UNREACHABLE', 'UNKNOWN_REPLICA', 'STOPPED', 'OK'] as const)(
    'whoever takes the chat from an owner that is %s must have room for it',
    (owner) => {
      const lost = { owner, database: stale };
      expect(first({ ...lost, candidates: [candidate(true), candidate(true)] })).toMatch(
        /Start a replica: none that answers has room.*chat-debug -- replicas/s,
      );
      expect(first({ ...lost, candidates: [candidate(true), candidate(false)] })).toContain('--action release');
      expect(first({ ...lost, candidates: [] })).toContain('--action release');
    },
  );

  test.each([
    [[candidate(true), candidate(false)], '1 of 2 live replicas has room, and none took it'],
    [[candidate(false, { isDraining: true })], 'every live replica is stopping or told to drain. Start a replica'],
    [[], 'no replica that takes chats is alive'],
    [null, 'no worker has room'],
  ])('who could take it: %j', (candidates, why) => {
    expect(seen({ ...unowned, candidates })).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
    expect(first({ ...unowned, candidates })).toContain(why);
  });

  test.each([
    [[candidate(true), candidate(false, { roomSeconds: 0.2 })], '1 of 2 replicas is full, and room came 0.2 s ago'],
    [[candidate(false, { roomSeconds: 3 })], 'it waits for room: room came 3 s ago'],
  ])('room that came a moment ago may not have been seen: %j', (candidates, why) => {
    expect(seen({ ...unowned, candidates })).toEqual(['WAITING', 'INFO CAPACITY_WAIT']);
    expect(first({ ...unowned, candidates }).toLowerCase()).toContain(why);
    const long = candidates.map((one) => ({ ...one, roomSeconds: 60 }));
    expect(seen({ ...unowned, candidates: long })).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
  });

  test('two replicas with one address', () => {
    const taken = { owner: 'REFUSED', runtime: { localWorkerId: '00000000-0000-4000-8000-0000000000ff' } } as const;
    expect(seen(taken)).toEqual(['UNKNOWN', 'WARNING OWNER_UNREACHABLE']);
    expect(first(taken)).toContain('RELAY_ADDRESS');
    const ended = { ...taken, database: { heartbeat: { ageSeconds: 19, staleAfterSeconds: 30 } } };
    expect(first(ended)).toContain('once its lease has run out');
    expect(first({ ...taken, database: stale })).toContain('--action release');
  });
});

describe('a replica that was set up wrong', () => {
  test.each([
    ['BAD_ANSWER', 'What came back is not an answer of a replica: HTTP 401, application/json.', 'INTERNAL_SECRET'],
    ['UNREACHABLE', NOT_AN_ALLOWED_ADDRESS, 'REPLICA_ADDRESS_ALLOW'],
  ] as const)('names the setting: %s, %s', (status, reason, name) => {
    const wrong = { owner: status, runtime: { reachability: { status, reason } } };
    expect(seen(wrong)).toEqual(['UNKNOWN', 'WARNING OWNER_UNREACHABLE']);
    expect(first(wrong)).toContain(name);
    expect(first(wrong)).not.toContain('lease has run out');
  });
});

describe('the future', () => {
  const ahead = { updatedAgeSeconds: -3_600 };

  test('is not now: such a row is settled', () => {
    expect(seen({ runtime: { runners: [] }, database: ahead })).toEqual([
      'STUCK',
      'CRITICAL RUNNER_MISSING',
      'WARNING CLOCK_AHEAD',
    ]);
    expect(seen({ owner: 'unowned', database: ahead })).toEqual(['STUCK', 'CRITICAL CLOCK_AHEAD', 'WARNING NO_OWNER']);
    expect(first({ owner: 'unowned', database: ahead })).toMatch(
      /being taken dates the chat anew.*chat-debug -- replicas/,
    );
    expect(seen({ database: { updatedAgeSeconds: -2 } })).toEqual(['WORKING']);
    expect(seen({ database: { updatedAgeSeconds: -2.1 } })).toEqual(['WORKING', 'WARNING CLOCK_AHEAD']);
  });

  test('such a lease is not fresh', () => {
    const database = { heartbeat: { ageSeconds: -600, staleAfterSeconds: 30 } };
    expect(seen({ database })).toEqual(['STUCK', 'CRITICAL HEARTBEAT_STALE', 'WARNING CLOCK_AHEAD']);
    expect(first({ database })).toContain('dated ahead of the database’s clock');
  });

  test('is told of at rest, and of archived chats it is not', () => {
    expect(seen({ state: 'W', owner: 'unowned', database: ahead })).toEqual(['IDLE', 'WARNING CLOCK_AHEAD']);
    expect(seen({ state: 'XW', owner: 'unowned', database: ahead })).toEqual(['IDLE']);
  });
});

describe('a chat that waits for a tool', () => {
  test('names the tool that nobody answers', () => {
    const openCalls = [{ id: 'call_1', toolName: 'no_such_tool', ageSeconds: 9, timesUnanswered: 2 }];
    expect(seen({ state: 'A0', database: { openCalls } })).toEqual([
      'WAITING',
      'WARNING CALL_UNANSWERED',
      'INFO ACTION_PENDING',
    ]);
    expect(first({ state: 'A0', database: { openCalls } })).toContain(
      'Nobody answered the last 2 calls of the tool no_such_tool.',
    );
  });

  test('names every tool that nobody answers, each once, with the ids of its calls', () => {
    const openCall = (id: string, toolName: string, timesUnanswered: number) => ({
      ...{ id, toolName, ageSeconds: 9, timesUnanswered },
    });
    const openCalls = [
      openCall('call_1', 'ask', 2),
      openCall('call_2', 'look', 1),
      openCall('call_3', 'approve', 3),
      openCall('call_4', 'ask', 3),
    ];
    const [finding] = diagnosisOf({ state: 'A0', database: { openCalls } }).findings;
    expect(finding?.message).toBe(
      'Nobody answered the last 3 calls of the tool approve and the last 3 calls of the tool ask.',
    );
    const ids = finding?.evidence.filter(({ field }) => field.endsWith('.id')).map(({ value }) => value);
    expect(ids).toEqual(['call_3', 'call_4', 'call_1']);
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) => openCall(name, name, 2));
    expect(first({ state: 'A0', database: { openCalls: many } })).toContain('and calls of 2 other tools');
  });

  test('names the children that will not answer', () => {
    const chatId = '00000000-0000-4000-8000-0000000000d1';
    const lostChildren = [{ chatId, executionState: 'INVALID' }];
    expect(seen({ state: 'A0', database: { lostChildren } })).toEqual([
      'WAITING',
      'WARNING CHILD_LOST',
      'INFO ACTION_PENDING',
    ]);
    expect(first({ state: 'A0', database: { lostChildren } })).toContain(`chat-debug -- why ${chatId}`);
    expect(seen({ state: 'R0', database: { lostChildren } })).toEqual(['WORKING']);
  });
});

describe('as somebody on call meets it', () => {
  test('a wait for a result that nobody can give, without a deadline, never ends', () => {
    const forEver: Changes = { state: 'A0', database: { requiresActionSecondsLeft: null, openCalls: [] } };
    expect(seen(forEver)).toEqual(['STUCK', 'CRITICAL ACTION_PENDING']);
    expect(first(forEver)).toMatch(
      /without a deadline, and no call is open.*npm run chat-debug -- fix [^ ]+ --action interrupt/,
    );
    expect(suspectByRules(snapshot(forEver), MATRIX_SETTINGS)).toBe(true);
  });

  test.each([
    ['a call is open', { requiresActionSecondsLeft: null }],
    ['it has a deadline', { openCalls: [] }],
    ['its calls could not be read', { requiresActionSecondsLeft: null, openCalls: null }],
    ['it has only just begun', { requiresActionSecondsLeft: null, openCalls: [], updatedAgeSeconds: 7 }],
  ])('a wait may end by itself where %s', (_why, database) => {
    expect(seen({ state: 'A0', database })).toEqual(['WAITING', 'INFO ACTION_PENDING']);
  });

  test('names the tools that a chat waits for, and how long', () => {
    expect(first({ state: 'A0' })).toContain('it waits for a tool result from outside (ask) for 100 s more'.slice(2));
  });

  test('candidates that nobody asks say nothing', () => {
    const unasked = [candidate(null, { reachability: { status: 'NOT_ASKED' } })];
    expect(first({ owner: 'unowned', candidates: unasked })).toContain('none is running, or no worker has room');
  });

  test('a clock that is ahead costs nobody the answer that is being written', () => {
    const ahead = { database: { updatedAgeSeconds: -3_600 } };
    expect(first(ahead)).not.toContain('release');
    const lost = diagnosisOf({ database: { ...ahead.database, ...stale } }).findings;
    expect(lost.find(({ code }) => code === 'CLOCK_AHEAD')?.suggestion).toContain('--action release');
    // A release of a chat that nobody owns changes nothing, and workers take such a chat before all others.
    expect(first({ ...ahead, owner: 'unowned' })).toContain('being taken dates the chat anew');
  });

  test('a session that holds the row while its owner waits: nobody is told to release or interrupt', () => {
    const held = { trouble: { rowLocked: true, rowLockedSeconds: 300 }, task: { waitsForDatabaseSeconds: 290 } };
    expect(first(held)).toMatch(/began 5 min ago.*End the session/);
    expect(
      diagnosisOf(held)
        .findings.map(({ suggestion }) => suggestion)
        .join(),
    ).not.toMatch(/release|interrupt/);
  });

  test('a lease from the future on a chat whose owner is gone', () => {
    const heartbeat = { ageSeconds: -600, staleAfterSeconds: 30 };
    expect(seen({ owner: 'STOPPED', database: { heartbeat } })).toEqual([
      'STUCK',
      'CRITICAL OWNER_STOPPED',
      'WARNING CLOCK_AHEAD',
      'WARNING HEARTBEAT_STALE',
    ]);
  });

  test('an upgrade that lost the way to one owner, and a row that waits for its provider for 8 min', () => {
    const waits = { retrySecondsLeft: 480, retryState: { attempt: 2, error: 'no', kind: 'rate_limit' } };
    expect(seen({ owner: 'REFUSED', database: waits })).toEqual([
      'UNKNOWN',
      'WARNING OWNER_UNREACHABLE',
      'INFO RETRY_BACKOFF',
    ]);
    expect(diagnosisOf({ database: waits }).summary).toContain('failed (rate_limit), and the next is in 8 min');
  });
});

describe('the grace of a chat that nobody has taken yet', () => {
  test.each([
    ['STOPPED', 'OWNER_STOPPED'],
    ['UNKNOWN_REPLICA', 'OWNER_UNKNOWN'],
  ] as const)('is that of one whose owner is gone: %s', (owner, code) => {
    const sent = { owner, database: { ...stale, updatedAgeSeconds: 7 } };
    expect(seen(sent)).toEqual(['WORKING', `INFO ${code}`]);
    expect(first(sent)).toMatch(/waits for another worker to take it\. null$/);
    expect(seen({ ...sent, database: { ...stale, updatedAgeSeconds: 7.1 } })).toEqual([
      'STUCK',
      `CRITICAL ${code}`,
      'WARNING HEARTBEAT_STALE',
    ]);
  });
});

describe('nobody is asked', () => {
  const notAsked = { owner: 'NOT_ASKED' } as const;

  test('the lease decides, and the summary says that memory was not asked', () => {
    expect(seen(notAsked)).toEqual(['WORKING']);
    expect(diagnosisOf(notAsked).summary).toContain('was not asked');
    expect(seen({ ...notAsked, database: stale })).toEqual(['STUCK', 'CRITICAL HEARTBEAT_STALE']);
    expect(seen({ ...notAsked, database: { ...stale, updatedAgeSeconds: 7 } })).toEqual(['WORKING']);
    expect(seen({ ...notAsked, state: 'A0' })).toEqual(['WAITING', 'INFO ACTION_PENDING']);
    const unreadable = { heartbeatState: null, heartbeat: null, heartbeatsReadable: false };
    expect(seen({ ...notAsked, database: unreadable })).toEqual(['UNKNOWN']);
  });

  test('the owner’s row says whether it is gone, and a fresh lease outranks it', () => {
    const missing = { ...notAsked, trouble: { ownerRow: 'MISSING' } } as const;
    expect(seen(missing)).toEqual(['WORKING']);
    expect(seen({ ...missing, database: stale })).toEqual([
      'STUCK',
      'CRITICAL OWNER_UNKNOWN',
      'WARNING HEARTBEAT_STALE',
    ]);
    const stopped = { ...notAsked, database: stale, trouble: { ownerRow: 'STOPPED' } } as const;
    expect(seen(stopped)[1]).toBe('CRITICAL OWNER_STOPPED');
  });

  test('a chat that has not changed for long is told of, if nothing else is', () => {
    expect(seen({ ...notAsked, database: { updatedAgeSeconds: 61 } })).toEqual(['WORKING', 'INFO QUIET']);
    expect(seen({ ...notAsked, state: 'A0', database: { updatedAgeSeconds: 61 } })).toEqual([
      'WAITING',
      'INFO ACTION_PENDING',
    ]);
    expect(seen({ database: { updatedAgeSeconds: 61 } })).toEqual(['WORKING', 'INFO QUIET']);
  });
});

describe('the thresholds', () => {
  const thresholds = {
    ...{ staleAfterSeconds: 300, heartbeatIntervalSeconds: 30, acquisitionIntervalSeconds: 30, noProgressSeconds: 600 },
    ...{ clockAheadSeconds: 9, longestRetrySeconds: 60, loopSteps: 1 },
    ...{ spinningAttempts: 9, ownersLostWarn: 8, ownersLostCritical: 9 },
  };

  test('of the snapshot go before those that are set here, and the owner’s own before both', () => {
    expect(seen({ owner: 'NOT_ASKED', database: stale, trouble: { thresholds } })).toEqual([
      'WORKING',
      'WARNING LOOPING',
    ]);
    expect(seen({ database: stale, trouble: { thresholds } })[1]).toBe('CRITICAL HEARTBEAT_STALE');
    expect(seen({ database: { retrySecondsLeft: 73 }, trouble: { thresholds } })[1]).toBe('CRITICAL RETRY_OVERDUE');
  });

  test('a task that says how long it may be silent is taken at its word', () => {
    expect(seen({ task: { secondsSinceProgress: 300, progressWithinSeconds: 600 } })).toEqual(['WORKING']);
    expect(seen({ task: { secondsSinceProgress: 31, progressWithinSeconds: 30 } })).toEqual([
      'STUCK',
      'CRITICAL NO_PROGRESS',
    ]);
    expect(seen({ task: { kind: 'OTHER', secondsSinceProgress: 300 } })).toEqual(['WORKING']);
  });
});

describe('what the owner did not say', () => {
  test('is no trouble: an older replica knows less', () => {
    const old = { breakOffs: null, maxAttempts: null, waitsForDatabaseSeconds: null, progressWithinSeconds: null };
    expect(seen({ task: old, runner: { snapshotVersion: null } })).toEqual(['WORKING']);
    expect(seen({ runner: { phase: null, activeTask: null, idleSeconds: 99 } })).toEqual(['WORKING']);
    const unknown = { historyVersion: null, generationAttempt: null, partsDropped: null, isClosed: false };
    expect(seen({ runtime: { messageBuffers: [unknown] } })).toEqual(['WORKING']);
  });

  test('a runner that never began is idle', () => {
    expect(seen({ runner: { phase: 'STARTING', snapshotVersion: null, activeTask: null, idleSeconds: 19 } })).toEqual([
      'STUCK',
      'CRITICAL RUNNER_IDLE',
    ]);
  });
});
