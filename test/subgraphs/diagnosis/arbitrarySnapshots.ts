/** Snapshots of any kind: possible, impossible, and with any part missing. */
import fc from 'fast-check';
import { EXECUTION_STATES, isRunnable } from '../../../common/executionState.ts';
import type { Runner, Snapshot } from '../../../subgraphs/diagnosis/snapshot.ts';
import { runner, snapshot } from './snapshots.ts';

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 12 });
const id = fc.constantFrom('a', 'b').map((letter) => `00000000-0000-4000-8000-00000000000${letter}`);
/** Around the thresholds as well as far from them. */
const seconds = fc.oneof(
  fc.constantFrom(0, 2, 5, 7, 18, 19.5, 30, 60),
  fc.double({ min: -1e6, max: 1e9, noNaN: true }),
);
const count = fc.nat({ max: 9 });
/** Not what would look like a value that got into a sentence by mistake. */
const text = fc.string({ maxLength: 8 }).filter((word) => !/NaN|undefined|Infinity|\[object/.test(word));
const kind = fc.constantFrom('GENERATION', 'INTERRUPT', 'REQUIRES_ACTION_TIMEOUT', 'ABANDON');

const anyRunner: fc.Arbitrary<Runner> = fc.record({
  runnerId: maybe(id),
  phase: maybe(fc.constantFrom('STARTING', 'RUNNING', 'RUNNING', 'RUNNING', 'STOPPING', 'SOMETHING_NEW')),
  uptimeSeconds: maybe(seconds),
  snapshotVersion: maybe(count),
  idleSeconds: maybe(seconds),
  activeTask: fc.option(
    fc.record({
      kind: maybe(kind),
      secondsSinceProgress: maybe(seconds),
      secondsUntilRetry: fc.option(seconds, { nil: null, freq: 2 }),
      attempt: maybe(count),
      lastError: maybe(text),
    }),
    { nil: null, freq: 3 },
  ),
  tasks: maybe(fc.array(fc.record({ kind: maybe(kind), historyVersion: maybe(count), attempt: maybe(count) }))),
  lease: maybe(
    fc.record({
      ageSeconds: maybe(seconds),
      intervalSeconds: maybe(fc.constantFrom(1, 9, 30)),
      staleAfterSeconds: maybe(fc.constantFrom(3, 30, 300)),
      consecutiveFailures: maybe(count),
    }),
  ),
});

const anyRuntime = fc.record({
  workerId: maybe(id),
  reachability: maybe(
    fc.record({
      status: maybe(
        fc.constantFrom('OK', 'OK', 'OK', 'OK', 'OK', 'UNREACHABLE', 'UNKNOWN_REPLICA', 'STOPPED', 'SOMETHING_NEW'),
      ),
      reason: maybe(text),
    }),
  ),
  localWorkerId: maybe(id),
  workerIdMatchesLocal: maybe(fc.boolean()),
  eventLoopDelayMs: maybe(count),
  runners: maybe(fc.array(anyRunner, { maxLength: 3 })),
  messageBuffers: maybe(
    fc.array(
      fc.record({
        historyVersion: maybe(count),
        generationAttempt: maybe(count),
        partsDropped: maybe(count),
        isClosed: maybe(fc.boolean()),
      }),
      { maxLength: 3 },
    ),
  ),
});

const anyDatabase = fc.record({
  status: maybe(text),
  archived: maybe(fc.boolean()),
  queueDepth: maybe(count),
  workerId: maybe(id),
  runnerId: maybe(id),
  snapshotVersion: maybe(count),
  historyVersion: maybe(count),
  generationAttempt: maybe(count),
  updatedAgeSeconds: maybe(seconds),
  lastError: maybe(fc.record({ kind: maybe(text), message: maybe(text) })),
  retryState: maybe(fc.record({ attempt: maybe(count), error: maybe(text), kind: maybe(text) })),
  retrySecondsLeft: fc.option(seconds, { nil: null, freq: 2 }),
  requiresActionSecondsLeft: maybe(seconds),
  heartbeatState: maybe(fc.constantFrom('FRESH' as const, 'STALE' as const, 'MISSING' as const)),
  heartbeatsReadable: maybe(fc.boolean()),
  heartbeat: maybe(fc.record({ ageSeconds: maybe(seconds), staleAfterSeconds: maybe(seconds) })),
});

/** Runnable ones more often than not: most rules are about those. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  chatId: fc.constant('00000000-0000-4000-8000-000000000000'),
  executionState: maybe(
    fc.oneof(fc.constantFrom(...EXECUTION_STATES), fc.constantFrom('R0', 'R1', 'I0', 'I1', 'A0', 'A1')),
  ),
  database: maybe(anyDatabase),
  runtime: maybe(anyRuntime),
  everywhere: maybe(fc.array(anyRuntime, { maxLength: 3 })),
});

/** Whatever a chat that is well may look like, at any moment of its life, at work or at rest. */
export const healthySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    state: fc.constantFrom(...EXECUTION_STATES.filter((state) => isRunnable(state) || state === 'W' || state === 'XW')),
    owner: fc.constantFrom('OK' as const, 'OK' as const, 'unowned' as const),
    age: fc.double({ min: 0, max: 1e6, noNaN: true }),
    beat: fc.double({ min: 0, max: 12, noNaN: true }),
    progress: fc.double({ min: 0, max: 60, noNaN: true }),
    behind: fc.boolean(),
    retry: maybe(
      fc.record({ left: fc.double({ min: -5, max: 70, noNaN: true }), attempt: fc.integer({ min: 1, max: 4 }) }),
    ),
    deadline: fc.double({ min: -7, max: 300, noNaN: true }),
    stopping: fc.boolean(),
  })
  .map(({ state, owner, age, beat, progress, behind, retry, deadline, stopping }) => {
    const young = behind || owner === 'unowned';
    const backoff = state.startsWith('R') && owner === 'OK' ? retry : null;
    const working = !state.startsWith('A');
    const chat = snapshot({
      state,
      owner,
      database: {
        updatedAgeSeconds: young ? Math.min(age, 7) : age,
        heartbeat: owner === 'OK' ? { ageSeconds: beat, staleAfterSeconds: 30 } : null,
        requiresActionSecondsLeft: working ? null : deadline,
        retrySecondsLeft: backoff?.left ?? null,
        retryState: backoff && { attempt: backoff.attempt, error: 'overloaded', kind: 'provider' },
      },
      runner: { snapshotVersion: behind ? 5 : 7 },
      task: { secondsSinceProgress: working ? (backoff ? 99 : progress) : null },
      lease: { ageSeconds: beat },
    });
    const runners = chat.runtime?.runners;
    if (!stopping || !runners || !chat.runtime) return chat;
    return { ...chat, runtime: { ...chat.runtime, runners: [runner({ phase: 'STOPPING' }), ...runners] } };
  });
