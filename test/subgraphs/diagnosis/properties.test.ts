import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import { diagnose } from '../../../domain/diagnosis/diagnose.ts';
import { type Diagnosis, SEVERITIES } from '../../../domain/diagnosis/diagnosis.ts';
import { readSnapshot, type Snapshot, valueAt } from '../../../domain/diagnosis/snapshot.ts';
import { isRunnable } from '../../../domain/executionState.ts';
import { MATRIX_SETTINGS } from '../../../scripts/combinations.ts';
import { requiredFields } from '../../../subgraphs/diagnosis/requiredFields.ts';
import { anySnapshot } from './arbitrarySnapshots.ts';
import { contradictions } from './contradictions.ts';
import { healthySnapshot } from './healthySnapshots.ts';

const runs = { numRuns: 1_000 };
const look = (snapshot: Snapshot) => diagnose(snapshot, MATRIX_SETTINGS);

/** `database.heartbeat.ageSeconds` and so on: the leaves, and what is above them. */
function paths(set: SelectionSetNode, above = ''): string[] {
  return set.selections.flatMap((node) => {
    if (node.kind !== Kind.FIELD) return [];
    const path = `${above}${node.name.value}`;
    return [path, ...(node.selectionSet ? paths(node.selectionSet, `${path}.`) : [])];
  });
}
function required(field: 'diagnosis' | 'diagnosisEverywhere'): Set<string> {
  const [operation] = parse(`{ ${requiredFields(field)} }`).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  return new Set(paths(operation.selectionSet));
}

/** Paths that the reader of a representation looks at. */
function shapePaths(value: unknown, above = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => shapePaths(item, above));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, below]) => [
    `${above}${name}`,
    ...shapePaths(below, `${above}${name}.`),
  ]);
}

const KNOWN = ['waiting', 'running', 'interrupting', 'requires_action', 'error', 'pending', 'paused', 'completed'];

/** True if the verdict may turn on a value that nobody could read. */
function undecided({ executionState: state, database }: Snapshot, { findings }: Diagnosis): boolean {
  if (!database || state === null) return false;
  const lost = new Set(database.unreadable);
  if (state === 'W') return lost.has('lastMessage') || (lost.has('updatedAt') && database.lastMessage?.role === 'user');
  if (!isRunnable(state)) return false;
  const byAge = findings.some(({ code }) => ['NO_OWNER', 'OWNER_UNKNOWN', 'OWNER_STOPPED'].includes(code));
  const { used = null, capacity = null } = database.trouble?.pool ?? {};
  const slotsNotKnown = database.trouble?.platform === 'coder' && (used === null || capacity === null);
  const isUnowned = database.workerId === null || database.runnerId === null;
  const isLeft = findings.some(({ code, severity }) => code === 'NO_OWNER' && severity !== 'INFO');
  const miscounted = used !== null && capacity !== null && used > capacity;
  return (
    (lost.has('trouble') && slotsNotKnown && isUnowned) ||
    (miscounted && isUnowned && isLeft) ||
    lost.has('updatedAt') ||
    (lost.has('heartbeat') && database.runnerId !== null) ||
    (lost.has('requiresActionDeadlineAt') && /^A/.test(state)) ||
    (database.updatedAgeSeconds === null && byAge)
  );
}

/** True if the row was read on a standby that is more than a second behind, or may be. */
function isBehind({ database }: Snapshot): boolean {
  const { isInRecovery, canWrite, replayLagSeconds } = database?.trouble ?? {};
  if (isInRecovery !== true || canWrite === false) return false;
  return typeof replayLagSeconds !== 'number' || replayLagSeconds > 1;
}

/** The verdicts once more, as a list of conditions in their order. */
function expectedVerdict(snapshot: Snapshot, diagnosis: Diagnosis) {
  const { executionState: state, database, runtime, everywhere } = snapshot;
  const { findings } = diagnosis;
  const has = (...codes: string[]) => findings.some(({ code }) => codes.includes(code));
  const isCritical = findings.some(({ severity }) => severity === 'CRITICAL');
  const owner = runtime ?? everywhere?.find(({ workerId }) => workerId === database?.workerId);
  const status = database?.workerId ? owner?.reachability?.status : undefined;
  const answers = status === 'NOT_ASKED' || (status === 'OK' && owner?.runners);
  const notOk = !database || (database.workerId !== null && !answers && !has('OWNER_UNKNOWN', 'OWNER_STOPPED'));
  const lease = database?.unreadable?.includes('heartbeat') ? null : database?.heartbeat?.ageSeconds;
  const leaseNotKnown = typeof lease !== 'number' && (database?.heartbeatState !== 'MISSING' || lease === null);
  if (database && database.status !== null && !KNOWN.includes(database.status)) return 'UNKNOWN';
  if (!isCritical && undecided(snapshot, diagnosis)) return 'UNKNOWN';
  if (state === 'E0' || state === 'E1') return 'FAILED';
  if (isCritical) return isBehind(snapshot) ? 'UNKNOWN' : 'STUCK';
  if (state === null || (isRunnable(state) && notOk)) return 'UNKNOWN';
  const run = database?.debugRun;
  const lately = database?.trouble?.thresholds?.noProgressSeconds ?? 60;
  const isLogged = run?.hasEnded === false && run.ageSeconds !== null && Math.abs(run.ageSeconds) <= lately;
  const byLease = database?.runnerId && leaseNotKnown && !isLogged;
  if (isRunnable(state) && status === 'NOT_ASKED' && byLease) return 'UNKNOWN';
  if (state === 'A0' || state === 'A1' || has('RETRY_BACKOFF', 'CAPACITY_WAIT')) return 'WAITING';
  return isRunnable(state) ? 'WORKING' : 'IDLE';
}

describe('whatever a snapshot says, its diagnosis', () => {
  test('has the first verdict that holds, and does not contradict itself', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const diagnosis = look(snapshot);
        expect(diagnosis.verdict).toBe(expectedVerdict(snapshot, diagnosis));
        expect(contradictions(snapshot.executionState ?? 'not known', diagnosis, isBehind(snapshot))).toEqual([]);
      }),
      runs,
    );
  });

  test('lists its findings worst first, each once, at most one of them CRITICAL', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const { findings } = look(snapshot);
        const ranks = findings.map(({ severity }) => SEVERITIES.indexOf(severity));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
        expect(new Set(findings.map(({ code }) => code)).size).toBe(findings.length);
        expect(ranks.filter((rank) => rank === 0).length).toBeLessThan(2);
      }),
      runs,
    );
  });

  test('rests on fields that are required, and gives their values', () => {
    const asked = { diagnosis: required('diagnosis'), diagnosisEverywhere: required('diagnosisEverywhere') };
    fc.assert(
      fc.property(anySnapshot, fc.boolean(), (any, everywhere) => {
        const snapshot = everywhere ? { ...any, runtime: null } : { ...any, everywhere: null };
        const fields = asked[everywhere ? 'diagnosisEverywhere' : 'diagnosis'];
        for (const { evidence, code } of look(snapshot).findings) {
          expect([code, evidence.length]).not.toEqual([code, 0]);
          for (const { field, value, source } of evidence) {
            expect([field, fields.has(field.replace(/\[\d+\]/g, ''))]).toEqual([field, true]);
            expect(value).toBe(valueAt(snapshot, field));
            expect(source).toBe(/^(runtime|everywhere|candidates)/.test(field) ? 'RUNTIME' : 'DATABASE');
          }
        }
      }),
      runs,
    );
  });

  test('is in words that a person can read', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const { summary, findings } = look(snapshot);
        expect(summary).toMatch(/^(Idle|Working|Waiting|Failed|Stuck|Not known): [a-zA-Z0-9].+\.$/s);
        for (const { message, suggestion } of findings) expect(`${message} ${suggestion}`.length).toBeGreaterThan(20);
        const words = [summary, ...findings.flatMap(({ message, suggestion }) => [message, suggestion])].join(' ');
        expect(words).not.toMatch(/NaN|undefined|Infinity|\[object/);
      }),
      runs,
    );
  });

  test('comes of any JSON that has a chat’s id', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (executionState, database, runtime) => {
        const received = { chatId: 'x', executionState, database, runtime, everywhere: runtime };
        expect(look(readSnapshot(received)).summary).not.toBe('');
      }),
      runs,
    );
  });
});

test('the fields that are required are those that are read', () => {
  const [runtime, everywhere] = [required('diagnosis'), required('diagnosisEverywhere')];
  const here = (of: Set<string>, root: string) =>
    [...of].filter((path) => path.startsWith(root)).map((path) => path.slice(root.length));
  expect(here(everywhere, 'everywhere')).toEqual(here(runtime, 'runtime'));
  const full = fc.sample(anySnapshot, { numRuns: 500, seed: 7 });
  const read = new Set(full.flatMap((snapshot) => shapePaths(snapshot)));
  const inside = (path: string) => !/\b(lastError|retryState)\./.test(path) && path !== 'chatId';
  expect([...read].filter(inside).sort()).toEqual([...new Set([...runtime, ...everywhere])].sort());
});

describe('as time passes and nothing else happens', () => {
  /** Successor of a finding that does not stay. */
  const SUCCESSOR: Readonly<Record<string, string>> = {
    LEASE_ENDANGERED: 'HEARTBEAT_STALE',
    RETRY_BACKOFF: 'RETRY_OVERDUE',
    ACTION_PENDING: 'ACTION_DEADLINE_PASSED',
    NO_PROGRESS: 'HEARTBEAT_STALE',
  };
  /** Findings that time removes: dates in the future, and what is only said where nothing else is. */
  const PASSES = ['CLOCK_AHEAD', 'QUIET'];
  const isAhead = ({ database }: Snapshot, { findings }: Diagnosis) =>
    findings.some(({ code }) => code === 'CLOCK_AHEAD') || (database?.retrySecondsLeft ?? 0) > 600;
  /** True while a worker is about to take the chat: a lease may run out then without trouble. */
  const isPickedUp = ({ database }: Snapshot) => (database?.updatedAgeSeconds ?? 0) <= 7;
  const plus = <T extends number | null>(value: T, seconds: number) => (value === null ? value : value + seconds);

  function later(snapshot: Snapshot, seconds: number): Snapshot {
    const copy = structuredClone(snapshot) as { -readonly [K in keyof Snapshot]: Snapshot[K] };
    const { database, runtime } = copy;
    if (database) {
      database.updatedAgeSeconds = plus(database.updatedAgeSeconds, seconds);
      database.retrySecondsLeft = plus(database.retrySecondsLeft, -seconds);
      database.requiresActionSecondsLeft = plus(database.requiresActionSecondsLeft, -seconds);
      database.oldestQueuedAgeSeconds = plus(database.oldestQueuedAgeSeconds, seconds);
      if (database.trouble) database.trouble.rowLockedSeconds = plus(database.trouble.rowLockedSeconds, seconds);
      if (database.debugRun) database.debugRun.ageSeconds = plus(database.debugRun.ageSeconds, seconds);
      if (database.heartbeat) database.heartbeat.ageSeconds = plus(database.heartbeat.ageSeconds, seconds);
    }
    for (const runner of [runtime, ...(copy.everywhere ?? [])].flatMap((replica) => replica?.runners ?? [])) {
      runner.uptimeSeconds = plus(runner.uptimeSeconds, seconds);
      runner.idleSeconds = plus(runner.idleSeconds, seconds);
      if (runner.lease) runner.lease.ageSeconds = plus(runner.lease.ageSeconds, seconds);
      if (!runner.activeTask) continue;
      runner.activeTask.secondsSinceProgress = plus(runner.activeTask.secondsSinceProgress, seconds);
      runner.activeTask.waitsForDatabaseSeconds = plus(runner.activeTask.waitsForDatabaseSeconds, seconds);
      runner.activeTask.secondsUntilRetry = plus(runner.activeTask.secondsUntilRetry, -seconds);
    }
    return copy;
  }

  test('no finding goes away, but for those that turn into a worse one', () => {
    fc.assert(
      fc.property(anySnapshot, fc.double({ min: 0, max: 1_000, noNaN: true }), (snapshot, seconds) => {
        const before = look(snapshot);
        fc.pre(!isAhead(snapshot, before) && !isPickedUp(later(snapshot, seconds)));
        const after = new Set(look(later(snapshot, seconds)).findings.map(({ code }) => code));
        const gone = before.findings.filter(
          ({ code }) => !after.has(code) && !after.has(SUCCESSOR[code] ?? '') && !PASSES.includes(code),
        );
        expect(gone.map(({ code }) => code)).toEqual([]);
      }),
      runs,
    );
  });

  test('a chat that is stuck stays stuck', () => {
    fc.assert(
      fc.property(anySnapshot, fc.double({ min: 0, max: 1_000, noNaN: true }), (snapshot, seconds) => {
        const before = look(snapshot);
        fc.pre(before.verdict === 'STUCK' && !isAhead(snapshot, before));
        expect(look(later(snapshot, seconds)).verdict).toBe('STUCK');
      }),
      runs,
    );
  });
});

test('a chat that is well is never warned of', () => {
  fc.assert(
    fc.property(healthySnapshot, (snapshot) => {
      const { verdict, findings } = look(snapshot);
      expect(findings.filter(({ severity }) => severity !== 'INFO')).toEqual([]);
      expect(verdict).toMatch(/^(IDLE|WORKING|WAITING)$/);
    }),
    { numRuns: 3_000 },
  );
});
