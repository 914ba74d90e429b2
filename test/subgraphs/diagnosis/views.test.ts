/** Chats of another platform, known by views: what those cannot tell is never held against a healthy chat. */
import { describe, expect, test } from '@jest/globals';
import { type Changes, codes, diagnosisOf } from './snapshots.ts';

const onViews = ({ trouble, ...changes }: Changes) =>
  diagnosisOf({ ...changes, trouble: { ...trouble, platform: 'views' } });
/** A chat that nobody owns, whose row is as old as its last failure. */
const nextTryIn = (seconds: number) =>
  onViews({
    owner: 'unowned',
    database: {
      ...{ updatedAgeSeconds: 600, retrySecondsLeft: seconds },
      retryState: { attempt: 3, error: null, kind: null },
    },
  });

describe('a chat without an owner whose time has come', () => {
  test('is nobody’s fault until workers have had the time to see it', () => {
    for (const seconds of [60, 0, -6]) expect(nextTryIn(seconds).verdict).toBe('WAITING');
    expect(codes(nextTryIn(-6))).toEqual(['INFO RETRY_BACKOFF']);
  });

  test('is STUCK after that', () => {
    const late = nextTryIn(-8);
    expect(late.verdict).toBe('STUCK');
    expect(codes(late)).toContain('CRITICAL NO_OWNER');
  });
});

test('a task that waits for its next try while it is being interrupted breaks no promise', () => {
  const task = { kind: 'INTERRUPT', secondsSinceProgress: 300, secondsUntilRetry: 30 };
  expect(codes(onViews({ state: 'I0', task }))).toEqual([]);
  expect(codes(onViews({ state: 'I0', task: { ...task, secondsUntilRetry: null } }))).toEqual(['CRITICAL NO_PROGRESS']);
});

test('an owner may wait for as long as it likes before it tries again', () => {
  const waits = onViews({ database: { retrySecondsLeft: 3_600 } });
  expect([waits.verdict, codes(waits)]).toEqual(['WAITING', ['INFO RETRY_BACKOFF']]);
});

const OTHERS = ['completed', 'pending', 'paused', 'done'];
test.each(OTHERS)('the status %s is not known there, and no chat is STUCK for it', (status) => {
  const other = onViews({ state: 'INVALID', owner: 'unowned', database: { status } });
  expect([other.verdict, codes(other)]).toEqual(['UNKNOWN', ['WARNING STATUS_UNKNOWN']]);
});

test('a row without a status is called so', () => {
  const none = onViews({ state: 'INVALID', owner: 'unowned', database: { status: '' } });
  expect([none.verdict, codes(none)]).toEqual(['UNKNOWN', ['WARNING STATUS_UNKNOWN']]);
  expect(none.summary).toBe(
    'Not known: its row has no status, so nobody can tell who should act; an operator should let the view `chats` show its status as one of the five that docs/adopting.md lists.',
  );
});

describe('a worker without a runner', () => {
  const owned: Changes = { database: { runnerId: null, heartbeat: null, heartbeats: [], heartbeatState: null } };

  test('owns the chat all the same', () => {
    expect([onViews(owned).verdict, codes(onViews(owned))]).toEqual(['WORKING', []]);
  });

  test('is not lost because it could not be asked once', () => {
    const silent = onViews({ ...owned, owner: 'TIMED_OUT' });
    expect([silent.verdict, codes(silent)]).toEqual(['UNKNOWN', ['WARNING OWNER_UNREACHABLE']]);
  });
});

describe('a worker that no view tells of', () => {
  const owner = 'UNKNOWN_REPLICA';

  test('is gone, if the row names its runner', () => {
    const gone = onViews({ owner });
    expect([gone.verdict, codes(gone)]).toEqual(['STUCK', ['CRITICAL OWNER_UNKNOWN']]);
  });

  test('may be at work, if the row names none: nobody can tell', () => {
    const noRunner = { runnerId: null, heartbeat: null, heartbeats: [], heartbeatState: null };
    const unseen = onViews({ owner, database: noRunner });
    expect([unseen.verdict, codes(unseen)]).toEqual(['UNKNOWN', ['WARNING OWNER_UNKNOWN']]);
    const lately = onViews({ owner, database: { ...noRunner, updatedAgeSeconds: 1 } });
    expect([lately.verdict, codes(lately)]).toEqual(['UNKNOWN', ['INFO OWNER_UNKNOWN']]);
  });
});

test.each([
  ['of views', onViews],
  ['that speaks the protocol on our own tables', diagnosisOf],
])('a buffer of a worker that tells no tasks is no orphan: one %s', (_, judged) => {
  const messageBuffers = [{ historyVersion: 1, generationAttempt: 1, partsDropped: 0, isClosed: false }];
  const silent = { tasks: [], activeTask: null, idleSeconds: null };
  expect(codes(judged({ runner: silent, runtime: { messageBuffers } }))).toEqual([]);
  expect(codes(judged({ runner: { ...silent, idleSeconds: 5 }, runtime: { messageBuffers } }))).toEqual([
    'WARNING BUFFER_ORPHANED',
  ]);
});

test('a chat that waits for somebody outside is not STUCK for want of calls and of a deadline', () => {
  const waits = onViews({
    state: 'A0',
    database: { openCalls: [], requiresActionSecondsLeft: null, updatedAgeSeconds: 3_600 },
  });
  expect([waits.verdict, codes(waits)]).toEqual(['WAITING', ['INFO ACTION_PENDING']]);
});
