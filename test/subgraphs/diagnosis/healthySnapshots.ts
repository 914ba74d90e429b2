/**
 * Healthy chats: at work, at rest, slow, failing now and then, handed over, waiting for room, on replicas of two
 * versions.
 */
import fc from 'fast-check';
import type { Snapshot } from '../../../domain/diagnosis/snapshot.ts';
import { EXECUTION_STATES, isRunnable } from '../../../domain/executionState.ts';
import { type Changes, runner, snapshot } from './snapshots.ts';

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const OWNER = ['OK', 'OK', 'OK', 'NOT_ASKED', 'unowned', 'STOPPED', 'UNKNOWN_REPLICA', 'full'] as const;
const RUNNERS = [1, 2, 3].map((n) => ({ runnerId: `00000000-0000-4000-8000-00000000002${n}`, ageSeconds: 4 * n }));
const FULL = {
  ...{ workerId: RUNNERS[0]?.runnerId ?? null, reachability: { status: 'OK' }, isFull: true, isDraining: false },
  ...{ runnerCount: 1, capacity: 1, roomSeconds: 0, acquisitionError: null, refusedChats: [] },
};
/** Replicas that may stand beside full ones: one that stops, one that has just started, one whose runner just ended. */
const BESIDE = [
  { ...FULL, isDraining: true, isFull: false },
  { ...FULL, isFull: false, runnerCount: 0, roomSeconds: 2 },
  { ...FULL, isFull: false, roomSeconds: 0.01 },
];

/** Owners that let a chat go, each in its way, none of them by its own fault or to no purpose. */
const PAST = {
  drained: { ended: 'HANDED_OVER', ownerRow: 'STOPPED', stepsCommitted: 0 },
  drainedLongAgo: { ended: 'HANDED_OVER', ownerRow: 'MISSING', stepsCommitted: 0 },
  gotOn: { ended: 'HANDED_OVER', ownerRow: 'ALIVE', stepsCommitted: 1 },
  finished: { ended: 'FINISHED', ownerRow: 'ALIVE', stepsCommitted: 0 },
  lately: { ended: 'RELEASED', ownerRow: 'ALIVE', stepsCommitted: 0 },
} as const;
type Past = keyof typeof PAST;

/** Owners by the history, newest first. Three that let it go are no more than chance. */
function ownersOf({ past, isKept }: Life, workerId: string | null, runnerId: string | null): Snapshot['recentOwners'] {
  if (!isKept) return null;
  const former = past.map((kind, i) => ({
    ...{ workerId: RUNNERS[i % 3]?.runnerId ?? null, runnerId: RUNNERS[0]?.runnerId ?? null, attempts: 1 },
    ...{ ageSeconds: 20 * (i + 2), seconds: 20, ...PAST[kind] },
  }));
  const now = { ageSeconds: 20, seconds: 20, attempts: 1, stepsCommitted: 0, ended: null, ownerRow: 'ALIVE' as const };
  return workerId === null ? former : [{ ...now, workerId, runnerId }, ...former];
}

const life = fc.record({
  state: fc.constantFrom(...EXECUTION_STATES.filter((state) => isRunnable(state) || state === 'W' || state === 'XW')),
  owner: fc.constantFrom(...OWNER),
  /** A little ahead of the clock is within what clocks do. */
  age: fc.oneof(number(-2, 60), fc.integer({ min: 61, max: 1e6 })),
  beat: number(-2, 12),
  progress: number(0, 60),
  behind: fc.boolean(),
  retry: fc.option(fc.record({ left: number(-5, 700), attempt: fc.integer({ min: 1, max: 4 }) }), { nil: null }),
  deadline: fc.option(number(-7, 300), { nil: null }),
  stopping: fc.boolean(),
  /** A replica of the version before, which says less. */
  isOld: fc.boolean(),
  /** A tool that may take so long. */
  tool: fc.option(number(60, 3_600), { nil: null }),
  /** Owners that were lost with this very step. */
  lost: fc.nat({ max: 1 }),
  waits: fc.option(number(0, 60), { nil: null }),
  isKept: fc.boolean(),
  past: fc
    .array(fc.constantFrom<Past[]>('drained', 'drainedLongAgo', 'gotOn', 'finished', 'lately'), { maxLength: 4 })
    .filter((past) => past.filter((kind) => kind === 'lately').length < 4),
  steps: fc.integer({ min: 1, max: 50 }),
  queuedFor: number(0, 1e5),
  beside: fc.constantFrom(...BESIDE),
  lockedFor: fc.option(number(0, 10), { nil: null }),
  ending: fc.constantFrom(
    { hasText: true, finishReason: 'stop' },
    { hasText: true, finishReason: 'length' },
    { hasText: false, finishReason: 'interrupted' },
    { hasText: null, finishReason: null },
  ),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/**
 * Age of the row. A wait for a worker may last a while, and a wait for room longer. A stop that nobody can be asked
 * about ends.
 */
function ageOf({ state, owner, behind, age }: Life): number {
  if (owner === 'full') return Math.min(age, 70);
  if (owner === 'NOT_ASKED' && state.startsWith('I')) return Math.min(age, 60);
  return behind || !['OK', 'NOT_ASKED'].includes(owner) ? Math.min(age, 7) : age;
}

function leaseOf({ owner, beat }: Life): NonNullable<Changes['database']> {
  if (owner === 'OK' || owner === 'NOT_ASKED') return { heartbeat: { ageSeconds: beat, staleAfterSeconds: 30 } };
  if (owner === 'unowned' || owner === 'full') return { heartbeat: null };
  return { heartbeat: { ageSeconds: 1e5, staleAfterSeconds: 30 }, heartbeatState: 'STALE' };
}

function taskOf({ state, progress, tool, waits, isOld }: Life, failed: boolean): NonNullable<Changes['task']> {
  if (state.startsWith('A')) return { secondsSinceProgress: null };
  const unknown = { breakOffs: null, waitsForDatabaseSeconds: null, maxAttempts: null };
  if (failed) return { secondsSinceProgress: 99, ...(isOld ? unknown : {}) };
  if (isOld) return { secondsSinceProgress: progress, ...unknown };
  const slow = tool === null ? {} : { progressWithinSeconds: tool, secondsSinceProgress: tool * (progress / 60) };
  return { secondsSinceProgress: progress, ...slow, waitsForDatabaseSeconds: waits, breakOffs: 2 };
}

function chatOf(one: Life): Snapshot {
  const { state, owner, behind, deadline, isOld } = one;
  const isUnowned = owner === 'unowned' || owner === 'full';
  const base = snapshot({ state, owner: owner === 'full' ? 'unowned' : owner });
  const retry = /^R/.test(state) && (isUnowned || ['OK', 'NOT_ASKED'].includes(owner)) ? one.retry : null;
  return snapshot({
    state,
    owner: owner === 'full' ? 'unowned' : owner,
    candidates: owner === 'full' ? [FULL, one.beside] : null,
    recentOwners: ownersOf(one, base.database?.workerId ?? null, base.database?.runnerId ?? null),
    trouble: { rowLocked: one.lockedFor !== null, rowLockedSeconds: one.lockedFor, canWrite: true },
    database: {
      ...leaseOf(one),
      updatedAgeSeconds: ageOf(one),
      requiresActionSecondsLeft: state.startsWith('A') ? deadline : null,
      retrySecondsLeft: retry && (isUnowned ? retry.left - ageOf(one) : retry.left),
      retryState: retry && { attempt: retry.attempt, error: 'overloaded', kind: 'provider' },
      generationAttempt: retry ? retry.attempt + 4 : 1 + one.lost,
      retryStateVersion: retry ? 6 : 0,
      heartbeats: RUNNERS.slice(0, 1 + one.lost),
      turn: { ageSeconds: 1e5, steps: one.steps, toolCalls: one.steps },
      oldestQueuedAgeSeconds: state.endsWith('1') ? one.queuedFor : null,
      lastMessage: state === 'W' ? { role: 'assistant', ageSeconds: 1e5, ...one.ending } : null,
    },
    runner: { snapshotVersion: isOld ? null : behind ? 5 : 7 },
    task: taskOf(one, retry !== null),
    lease: { ageSeconds: Math.max(0, one.beat), ...(isOld ? { consecutiveFailures: null } : {}) },
  });
}

/** Whatever a chat that is well may look like, at any moment of its life, at work or at rest. */
export const healthySnapshot: fc.Arbitrary<Snapshot> = life.map((one) => {
  const chat = chatOf(one);
  const runners = chat.runtime?.runners;
  if (!one.stopping || !runners || !chat.runtime) return chat;
  return { ...chat, runtime: { ...chat.runtime, runners: [runner({ phase: 'STOPPING' }), ...runners] } };
});
