/** Snapshots of chats for every combination of state, owner, lease and runners, and for each circumstance. */
import { diagnose } from '../domain/diagnosis/diagnose.ts';
import type { Diagnosis, DiagnosisSettings } from '../domain/diagnosis/diagnosis.ts';
import { readSnapshot, type Snapshot } from '../domain/diagnosis/snapshot.ts';
import { EXECUTION_STATES, type ExecutionState, isRunnable } from '../domain/executionState.ts';
import { DEFAULT_THRESHOLDS } from '../domain/thresholds.ts';
import type { Circumstance } from './circumstances/circumstance.ts';

export const REACHABILITY = [
  'OK',
  'UNREACHABLE',
  'TIMED_OUT',
  'UNKNOWN_REPLICA',
  'STOPPED',
  'REFUSED',
  'BAD_ANSWER',
  'CIRCUIT_OPEN',
  'NOT_ASKED',
] as const;
export const LEASES = ['fresh', 'stale', 'missing'] as const;
export const RUNNERS = ['none', 'one', 'other', 'several'] as const;

/** Columns of the page. `unowned` stands in those that only an owned chat has. */
interface Combination {
  readonly state: ExecutionState;
  readonly owner: 'unowned' | (typeof REACHABILITY)[number];
  readonly lease: 'unowned' | (typeof LEASES)[number];
  readonly runners: 'unowned' | 'not asked' | (typeof RUNNERS)[number];
}

export const MATRIX_SETTINGS: DiagnosisSettings = DEFAULT_THRESHOLDS;

const OWNER = '00000000-0000-4000-8000-000000000001';
const RUNNER = '00000000-0000-4000-8000-000000000002';
const OTHER = '00000000-0000-4000-8000-000000000003';

/** Trouble of a chat whose database has none. */
export const NO_TROUBLE = {
  ...{
    canWrite: null,
    isInRecovery: null,
    replayLagSeconds: null,
    rowLocked: null,
    rowLockedSeconds: null,
    ownerRow: null,
  },
  ...{ rowAwaited: null, readersKeptOut: null, liveReplicas: null },
  ...{ platform: 'own', pool: null, thresholds: null },
};

export function combinations(): Combination[] {
  return EXECUTION_STATES.flatMap((state): Combination[] => [
    { state, owner: 'unowned', lease: 'unowned', runners: 'unowned' },
    ...REACHABILITY.flatMap((owner) =>
      LEASES.flatMap((lease) =>
        (owner === 'OK' ? RUNNERS : (['not asked'] as const)).map((runners) => ({ state, owner, lease, runners })),
      ),
    ),
  ]);
}

const COLUMNS: Readonly<Record<string, { status: string; archived: boolean }>> = {
  W: { status: 'waiting', archived: false },
  E: { status: 'error', archived: false },
  R: { status: 'running', archived: false },
  I: { status: 'interrupting', archived: false },
  A: { status: 'requires_action', archived: false },
  XW: { status: 'waiting', archived: true },
  XE: { status: 'error', archived: true },
  INVALID: { status: 'pending', archived: false },
};

/** A chat that changed a minute ago, with nothing wrong besides the combination. */
export function combinationSnapshot({ state, owner, lease, runners }: Combination): Snapshot {
  const owned = owner !== 'unowned';
  const heartbeat = { ageSeconds: lease === 'stale' ? 45 : 3, staleAfterSeconds: 30 };
  return readSnapshot({
    chatId: '00000000-0000-4000-8000-000000000000',
    executionState: state,
    database: {
      ...COLUMNS[state.replace(/\d$/, '')],
      queueDepth: state.endsWith('1') ? 1 : 0,
      oldestQueuedAgeSeconds: state.endsWith('1') ? 20 : null,
      workerId: owned ? OWNER : null,
      runnerId: owned ? RUNNER : null,
      snapshotVersion: 7,
      historyVersion: 5,
      generationAttempt: 1,
      retryStateVersion: 0,
      updatedAgeSeconds: 60,
      lastError: null,
      retryState: null,
      retrySecondsLeft: null,
      requiresActionSecondsLeft: state.startsWith('A') ? 100 : null,
      heartbeatState: owned ? { fresh: 'FRESH', stale: 'STALE', missing: 'MISSING', unowned: null }[lease] : null,
      heartbeatsReadable: true,
      heartbeat: owned && lease !== 'missing' ? heartbeat : null,
      heartbeats: owned && lease !== 'missing' ? [{ runnerId: RUNNER, ageSeconds: heartbeat.ageSeconds }] : [],
      lastMessage: { role: 'assistant', ageSeconds: 60, hasText: true, finishReason: 'stop' },
      turn: { ageSeconds: 70, steps: 2, toolCalls: 1 },
      openCalls: state.startsWith('A') ? [{ id: 'call_1', toolName: 'ask', ageSeconds: 60, timesUnanswered: 1 }] : [],
      lostChildren: [],
      trouble: NO_TROUBLE,
      debugRun: null,
      unreadable: [],
    },
    candidates: null,
    runtime: owned ? runtimeOf(state, owner, heldBy(runners)) : null,
  });
}

function heldBy(runners: Combination['runners']): string[] | null {
  switch (runners) {
    case 'none':
      return [];
    case 'one':
      return [RUNNER];
    case 'other':
      return [OTHER];
    case 'several':
      return [RUNNER, OTHER];
    default:
      return null;
  }
}

function runtimeOf(state: ExecutionState, status: string, runnerIds: readonly string[] | null) {
  const kind = state.startsWith('A') ? 'REQUIRES_ACTION_TIMEOUT' : state.startsWith('I') ? 'INTERRUPT' : 'GENERATION';
  const working = isRunnable(state);
  const activeTask = working
    ? {
        ...{ kind, secondsSinceProgress: kind === 'REQUIRES_ACTION_TIMEOUT' ? null : 1, secondsUntilRetry: null },
        ...{ attempt: 1, breakOffs: 0, maxAttempts: 8 },
      }
    : null;
  return {
    workerId: OWNER,
    reachability: { status, reason: null },
    localWorkerId: runnerIds && OWNER,
    workerIdMatchesLocal: runnerIds && true,
    eventLoopDelayMs: runnerIds && 2,
    messageBuffers: runnerIds && [],
    runners: runnerIds?.map((runnerId) => ({
      runnerId,
      phase: 'RUNNING',
      uptimeSeconds: 60,
      snapshotVersion: 7,
      idleSeconds: working ? null : 1,
      activeTask,
      tasks: working ? [{ kind, historyVersion: 5, attempt: 1 }] : [],
      lease: { ageSeconds: 3, intervalSeconds: 9, staleAfterSeconds: 30, consecutiveFailures: 0 },
    })),
  };
}

export const diagnosisOf = (combination: Combination): Diagnosis =>
  diagnose(combinationSnapshot(combination), MATRIX_SETTINGS);

/** Diagnosis of the healthy chat in this circumstance. */
export const circumstanceOf = (circumstance: Circumstance): Diagnosis =>
  diagnose(circumstanceSnapshot(circumstance), MATRIX_SETTINGS);

export function circumstanceSnapshot({ state, unowned, notAsked, ...changes }: Circumstance): Snapshot {
  const healthy = combinationSnapshot(
    unowned
      ? { state, owner: 'unowned', lease: 'unowned', runners: 'unowned' }
      : {
          ...{ state, lease: 'fresh' },
          ...(notAsked ? { owner: 'NOT_ASKED', runners: 'not asked' } : { owner: 'OK', runners: 'one' }),
        },
  );
  const { database, runtime } = healthy;
  const runners = runtime?.runners?.map((runner) => ({
    ...runner,
    activeTask: { ...runner.activeTask, ...changes.task },
    ...changes.runner,
  }));
  return readSnapshot({
    ...healthy,
    database: { ...database, trouble: { ...database?.trouble, ...changes.trouble }, ...changes.database },
    runtime: runtime && { ...runtime, runners, ...changes.runtime },
    candidates: changes.candidates ?? null,
    recentOwners: changes.recentOwners ?? null,
  });
}
