/** Snapshots of any kind: possible, impossible, and with any part missing. */
import fc from 'fast-check';
import type { Runner, Snapshot } from '../../../domain/diagnosis/snapshot.ts';
import { EXECUTION_STATES } from '../../../domain/executionState.ts';

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
const kind = fc.constantFrom('GENERATION', 'INTERRUPT', 'REQUIRES_ACTION_TIMEOUT', 'ABANDON', 'OTHER');
/** Words of workers for a refusal by the database. */
const refusal = fc.oneof(text, fc.constantFrom('DISK_FULL', 'LOCKED', 'CONNECTION_LOST', '23514', '42501', 'P0001'));
/** Null as often as not: what is seldom so. */
const seldom = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 2 });

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
      breakOffs: seldom(count),
      lastBreakOff: maybe(fc.oneof(text, refusal)),
      waitsForDatabaseSeconds: seldom(seconds),
      databaseError: seldom(refusal),
      label: seldom(text),
      maxAttempts: maybe(count),
      progressWithinSeconds: seldom(seconds),
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
      lastError: seldom(refusal),
    }),
  ),
});

const anyRuntime = fc.record({
  workerId: maybe(id),
  reachability: maybe(
    fc.record({
      status: maybe(
        fc.constantFrom(
          ...['OK', 'OK', 'OK', 'OK', 'OK', 'UNREACHABLE', 'REFUSED'],
          ...['UNKNOWN_REPLICA', 'STOPPED', 'NOT_ASKED', 'SOMETHING_NEW'],
        ),
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

const status = fc.constantFrom('running', 'waiting', 'error', 'requires_action', 'paused', 'something_new');
const json = fc.record({
  kind: maybe(text),
  message: maybe(text),
  status_code: maybe(count),
  retryable: maybe(fc.boolean()),
});
const ownerRow = fc.constantFrom('ALIVE' as const, 'STALE' as const, 'STOPPED' as const, 'MISSING' as const);
const anyTrouble = fc.record({
  canWrite: seldom(fc.boolean()),
  isInRecovery: seldom(fc.boolean()),
  replayLagSeconds: seldom(fc.double({ min: 0, max: 100, noNaN: true })),
  rowLocked: seldom(fc.boolean()),
  rowLockedSeconds: maybe(seconds),
  rowAwaited: seldom(fc.boolean()),
  readersKeptOut: seldom(fc.boolean()),
  liveReplicas: seldom(fc.nat({ max: 3 })),
  ownerRow: maybe(ownerRow),
  platform: maybe(fc.constantFrom('own', 'own', 'coder')),
  pool: seldom(
    fc.record({
      kind: maybe(fc.constantFrom('ROOT', 'SUBAGENT')),
      used: maybe(fc.nat({ max: 12 })),
      capacity: maybe(count),
    }),
  ),
  thresholds: seldom(
    fc.record({
      staleAfterSeconds: maybe(fc.constantFrom(30, 300)),
      heartbeatIntervalSeconds: maybe(fc.constantFrom(9, 30)),
      acquisitionIntervalSeconds: maybe(fc.constantFrom(5, 30)),
      noProgressSeconds: maybe(fc.constantFrom(60, 600)),
      clockAheadSeconds: maybe(fc.constantFrom(2, 10)),
      longestRetrySeconds: maybe(fc.constantFrom(60, 600)),
      loopSteps: maybe(fc.constantFrom(50, 5)),
      spinningAttempts: maybe(fc.constantFrom(5, 9)),
      ownersLostWarn: maybe(fc.constantFrom(3, 2)),
      ownersLostCritical: maybe(fc.constantFrom(5, 6)),
    }),
  ),
});
const UNREADABLE = [
  ...['updatedAt', 'heartbeat', 'requiresActionDeadlineAt', 'retrySecondsLeft', 'snapshotVersion', 'historyVersion'],
  ...[
    'generationAttempt',
    'retryStateVersion',
    'lastMessage',
    'turn',
    'openCalls',
    'lostChildren',
    'trouble',
    'recentOwners',
    'createdAt',
  ],
];

const anyDatabase = fc.record({
  status: maybe(fc.oneof(status, text)),
  archived: maybe(fc.boolean()),
  queueDepth: maybe(count),
  oldestQueuedAgeSeconds: maybe(seconds),
  workerId: maybe(id),
  runnerId: maybe(id),
  snapshotVersion: maybe(count),
  historyVersion: maybe(count),
  generationAttempt: maybe(count),
  retryStateVersion: maybe(count),
  updatedAgeSeconds: maybe(seconds),
  lastError: maybe(json),
  retryState: seldom(fc.record({ attempt: maybe(count), error: maybe(text), kind: maybe(text) })),
  retrySecondsLeft: fc.option(seconds, { nil: null, freq: 2 }),
  requiresActionSecondsLeft: maybe(seconds),
  heartbeatState: maybe(fc.constantFrom('FRESH' as const, 'STALE' as const, 'MISSING' as const)),
  heartbeatsReadable: maybe(fc.boolean()),
  heartbeat: maybe(fc.record({ ageSeconds: maybe(seconds), staleAfterSeconds: maybe(seconds) })),
  heartbeats: maybe(fc.array(fc.record({ runnerId: maybe(id), ageSeconds: maybe(seconds) }), { maxLength: 3 })),
  lastMessage: maybe(
    fc.record({
      role: maybe(fc.constantFrom('system', 'user', 'assistant', 'tool')),
      ageSeconds: maybe(seconds),
      hasText: maybe(fc.boolean()),
      finishReason: maybe(fc.constantFrom('stop', 'length', 'content-filter', 'interrupted', 'error', 'something-new')),
    }),
  ),
  turn: maybe(fc.record({ ageSeconds: maybe(seconds), steps: maybe(fc.nat({ max: 99 })), toolCalls: maybe(count) })),
  openCalls: maybe(
    fc.array(
      fc.record({ id: maybe(text), toolName: maybe(text), ageSeconds: maybe(seconds), timesUnanswered: maybe(count) }),
      {
        maxLength: 2,
      },
    ),
  ),
  lostChildren: seldom(
    fc.array(fc.record({ chatId: maybe(id), executionState: maybe(fc.constantFrom('INVALID', 'E0', 'XW')) }), {
      maxLength: 2,
    }),
  ),
  trouble: maybe(anyTrouble),
  debugRun: seldom(fc.record({ status: maybe(text), ageSeconds: maybe(seconds), hasEnded: maybe(fc.boolean()) })),
  unreadable: maybe(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant([] as string[]) },
      { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...UNREADABLE), { maxLength: 3 }) },
    ),
  ),
});

const anyCandidate = fc.record({
  workerId: maybe(id),
  reachability: maybe(fc.record({ status: maybe(fc.constantFrom('OK', 'OK', 'OK', 'UNREACHABLE')) })),
  isFull: maybe(fc.constantFrom(true, true, false)),
  roomSeconds: maybe(fc.constantFrom(0, 0.1, 3, 1e6)),
  isDraining: seldom(fc.boolean()),
  runnerCount: maybe(count),
  capacity: maybe(count),
  acquisitionError: seldom(refusal),
  refusedChats: maybe(fc.array(fc.record({ chatId: maybe(id), reason: maybe(refusal) }), { maxLength: 2 })),
});

const anyOwner = fc.record({
  workerId: maybe(id),
  runnerId: maybe(id),
  ageSeconds: maybe(seconds),
  seconds: maybe(seconds),
  ended: fc.option(fc.constantFrom('FINISHED', 'HANDED_OVER', 'TAKEN_OVER', 'TAKEN_OVER', 'RELEASED'), {
    nil: null,
    freq: 6,
  }),
  stepsCommitted: maybe(fc.constantFrom(0, 0, 0, 3)),
  attempts: maybe(fc.constantFrom(0, 1, 1, 2, 9)),
  ownerRow: maybe(
    fc.oneof({ weight: 5, arbitrary: fc.constant('ALIVE' as const) }, { weight: 1, arbitrary: ownerRow }),
  ),
});

/** Owners of one chat, most of which let it go. */
const anyOwners = fc.oneof(
  fc.array(anyOwner, { maxLength: 5, size: 'max' }),
  fc
    .record({ owners: fc.array(anyOwner, { minLength: 5, maxLength: 5 }), lasts: fc.boolean() })
    .map(({ owners, lasts }) =>
      owners.map((one, i) => ({
        ...{ ...one, stepsCommitted: 0, ageSeconds: 9 * (i + 1), seconds: 9, ownerRow: 'ALIVE' as const },
        ended: i === 0 && lasts ? null : (one.ended ?? 'RELEASED'),
      })),
    ),
);

/** Runnable ones more often than not: most rules are about those. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  chatId: fc.constant('00000000-0000-4000-8000-000000000000'),
  executionState: maybe(
    fc.oneof(fc.constantFrom(...EXECUTION_STATES), fc.constantFrom('R0', 'R1', 'I0', 'I1', 'A0', 'A1')),
  ),
  database: maybe(anyDatabase),
  recentOwners: seldom(anyOwners),
  candidates: maybe(fc.array(anyCandidate, { maxLength: 3 })),
  runtime: maybe(anyRuntime),
  everywhere: maybe(fc.array(anyRuntime, { maxLength: 3 })),
});
