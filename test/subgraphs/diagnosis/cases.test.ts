/** Troubles that people meet with agents on many replicas: each is told apart from the others. */
import { describe, expect, test } from '@jest/globals';
import { codes, diagnosisOf, OTHER_REPLICA, replica, runner, snapshot } from './snapshots.ts';

const seen = (diagnosis: ReturnType<typeof diagnosisOf>) => [diagnosis.verdict, ...codes(diagnosis)];
const stale = { heartbeatState: 'STALE', heartbeat: { ageSeconds: 4_000, staleAfterSeconds: 30 } } as const;
const missing = { heartbeatState: 'MISSING', heartbeat: null } as const;

describe('what people meet in the field', () => {
  test('1: the owner died; the status says running for hours, and nobody took over', () => {
    const database = { ...stale, updatedAgeSeconds: 9_000 };
    expect(seen(diagnosisOf({ owner: 'UNREACHABLE', database }))).toEqual([
      'STUCK',
      'CRITICAL OWNER_UNREACHABLE',
      'WARNING HEARTBEAT_STALE',
    ]);
  });

  test('2: the heartbeat is fresh and nothing moves', () => {
    expect(seen(diagnosisOf({ task: { secondsSinceProgress: 61 } }))).toEqual(['STUCK', 'CRITICAL NO_PROGRESS']);
    expect(seen(diagnosisOf({ task: { secondsSinceProgress: 60 } }))).toEqual(['WORKING']);
  });

  test('3: the heartbeat was written once and never again', () => {
    expect(seen(diagnosisOf({ database: stale }))).toEqual(['STUCK', 'CRITICAL HEARTBEAT_STALE']);
    expect(seen(diagnosisOf({ database: missing }))).toEqual(['STUCK', 'CRITICAL HEARTBEAT_MISSING']);
  });

  test('4: a replica believes that it owns the chat, and the row says that another does', () => {
    const owner = replica(snapshot().database?.workerId ?? '', [
      runner({ runnerId: snapshot().database?.runnerId ?? '' }),
    ]);
    const everywhere = [owner, replica(OTHER_REPLICA, [runner()])];
    expect(seen(diagnosisOf({ everywhere }))).toEqual(['STUCK', 'CRITICAL RUNNER_ELSEWHERE']);
    const stopping = [owner, replica(OTHER_REPLICA, [runner({ phase: 'STOPPING' })])];
    expect(seen(diagnosisOf({ everywhere: stopping }))).toEqual(['WORKING']);
  });

  test('4: one replica runs the chat twice, or with another runner than the row names', () => {
    const own = snapshot().runtime?.runners ?? [];
    expect(seen(diagnosisOf({ runtime: { runners: [...own, runner()] } }))).toEqual([
      'STUCK',
      'CRITICAL DUPLICATE_RUNNERS',
    ]);
    expect(seen(diagnosisOf({ runtime: { runners: [...own, runner({ phase: 'STOPPING' })] } }))).toEqual(['WORKING']);
    expect(seen(diagnosisOf({ runtime: { runners: [runner()] } }))).toEqual(['STUCK', 'CRITICAL RUNNER_MISMATCH']);
  });

  test('5: the row names a worker that is in no replica table, or that has stopped', () => {
    expect(seen(diagnosisOf({ owner: 'UNKNOWN_REPLICA' }))).toEqual(['STUCK', 'CRITICAL OWNER_UNKNOWN']);
    expect(seen(diagnosisOf({ owner: 'STOPPED' }))).toEqual(['STUCK', 'CRITICAL OWNER_STOPPED']);
  });

  test('6: the owner is alive and holds no runner for the chat', () => {
    expect(seen(diagnosisOf({ runtime: { runners: [] } }))).toEqual(['STUCK', 'CRITICAL RUNNER_MISSING']);
    const young = diagnosisOf({ runtime: { runners: [] }, database: { updatedAgeSeconds: 2 } });
    expect(seen(young)).toEqual(['WORKING']);
  });

  test('7: the runner is many versions behind the row', () => {
    const behind = { runner: { snapshotVersion: 3 } };
    expect(seen(diagnosisOf({ ...behind, database: { updatedAgeSeconds: 18.1 } }))).toEqual([
      'STUCK',
      'CRITICAL RUNNER_BEHIND',
    ]);
    expect(seen(diagnosisOf({ ...behind, database: { updatedAgeSeconds: 18 } }))).toEqual(['WORKING']);
  });

  test('8: the time of the next try is long past; or it is tried again and again with the same error', () => {
    const retryState = (attempt: number) => ({ attempt, error: 'overloaded', kind: 'provider' });
    const waiting = (retrySecondsLeft: number, attempt = 1) =>
      seen(
        diagnosisOf({
          database: { retryState: retryState(attempt), retrySecondsLeft },
          task: { secondsSinceProgress: 70 },
        }),
      );
    expect(waiting(-5.1)).toEqual(['STUCK', 'CRITICAL RETRY_OVERDUE']);
    expect(waiting(-5)).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
    expect(waiting(40)).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
    expect(waiting(40, 4)).toEqual(['WAITING', 'INFO RETRY_BACKOFF']);
    expect(waiting(40, 5)).toEqual(['WAITING', 'WARNING RETRY_BACKOFF']);
  });

  test('9: the deadline of a tool result is past', () => {
    const waiting = (requiresActionSecondsLeft: number) =>
      seen(diagnosisOf({ state: 'A0', database: { requiresActionSecondsLeft } }));
    expect(waiting(-7.1)).toEqual(['STUCK', 'CRITICAL ACTION_DEADLINE_PASSED']);
    expect(waiting(-7)).toEqual(['WAITING', 'INFO ACTION_PENDING']);
    expect(waiting(200)).toEqual(['WAITING', 'INFO ACTION_PENDING']);
  });

  test('10: messages are queued behind an error that nobody cleared', () => {
    expect(seen(diagnosisOf({ state: 'E1', owner: 'unowned' }))).toEqual([
      'FAILED',
      'CRITICAL QUEUE_BLOCKED',
      'WARNING ERRORED',
    ]);
    expect(seen(diagnosisOf({ state: 'E0', owner: 'unowned' }))).toEqual(['FAILED', 'WARNING ERRORED']);
    expect(seen(diagnosisOf({ state: 'XE1', owner: 'unowned' }))).toEqual(['IDLE']);
  });

  test('11: the lease of a live worker is about to run out', () => {
    const late = diagnosisOf({ lease: { ageSeconds: 19.6 }, runtime: { eventLoopDelayMs: 8_000 } });
    expect(seen(diagnosisOf({ lease: { ageSeconds: 19.5 } }))).toEqual(['WORKING']);
    expect(seen(diagnosisOf({ lease: { consecutiveFailures: 1 } }))).toEqual(['WORKING']);
    expect(seen(diagnosisOf({ lease: { consecutiveFailures: 2 } }))).toEqual(['WORKING', 'WARNING LEASE_ENDANGERED']);
    expect(seen(late)).toEqual(['WORKING', 'WARNING LEASE_ENDANGERED']);
    expect(late.findings[0]?.evidence).toContainEqual({
      source: 'RUNTIME',
      field: 'runtime.eventLoopDelayMs',
      value: '8000',
    });
  });

  test('12: a combination of columns that no state allows', () => {
    expect(seen(diagnosisOf({ state: 'INVALID', owner: 'unowned' }))).toEqual(['STUCK', 'CRITICAL INVALID_STATE']);
  });
});

describe('the others', () => {
  test('a chat that nobody has taken yet is well for as long as a worker may take, and stuck from then on', () => {
    const unowned = (updatedAgeSeconds: number) =>
      seen(diagnosisOf({ owner: 'unowned', database: { updatedAgeSeconds } }));
    expect(unowned(7)).toEqual(['WORKING', 'INFO NO_OWNER']);
    expect(unowned(7.1)).toEqual(['STUCK', 'CRITICAL NO_OWNER']);
    const message = diagnosisOf({ owner: 'unowned' }).findings[0]?.message;
    expect(message).toContain('no worker has room');
  });

  test('a runner that has nothing to do for two intervals is idle', () => {
    const idle = (idleSeconds: number) => seen(diagnosisOf({ runner: { activeTask: null, idleSeconds } }));
    expect(idle(18)).toEqual(['WORKING']);
    expect(idle(18.1)).toEqual(['STUCK', 'CRITICAL RUNNER_IDLE']);
  });

  test('a buffer that dropped parts is told of while its episode lasts', () => {
    const buffer = { historyVersion: 5, generationAttempt: 1, partsDropped: 3, isClosed: false };
    expect(seen(diagnosisOf({ runtime: { messageBuffers: [buffer] } }))).toEqual(['WORKING', 'WARNING BUFFER_FULL']);
    const former = { ...buffer, historyVersion: 4, isClosed: true };
    expect(seen(diagnosisOf({ runtime: { messageBuffers: [former] } }))).toEqual(['WORKING']);
  });

  test('an open buffer of an episode that no task is in is orphaned', () => {
    const buffer = { historyVersion: 5, generationAttempt: 2, partsDropped: 0, isClosed: false };
    expect(seen(diagnosisOf({ runtime: { messageBuffers: [buffer] } }))).toEqual([
      'WORKING',
      'WARNING BUFFER_ORPHANED',
    ]);
    const tasks = [{ kind: 'GENERATION', historyVersion: 5, attempt: 2 }];
    expect(seen(diagnosisOf({ runtime: { messageBuffers: [buffer] }, runner: { tasks } }))).toEqual(['WORKING']);
  });

  test('an owner who could not be asked, with a fresh lease, is not known to be in trouble', () => {
    for (const owner of ['UNREACHABLE', 'TIMED_OUT', 'REFUSED', 'BAD_ANSWER', 'CIRCUIT_OPEN'] as const) {
      expect(seen(diagnosisOf({ owner }))).toEqual(['UNKNOWN', 'WARNING OWNER_UNREACHABLE']);
    }
  });
});
