/** Shape of the answer to `snapshot.graphql`. Null means unreadable or unknown. */
import * as z from 'zod';
import { VERDICTS } from '../../domain/diagnosis/diagnosis.ts';

const count = z.number().nullable();
const seconds = z.number().nullable();
const text = z.string().nullable();
const relative = z.object({ chatId: z.string(), executionState: z.string() });

const trouble = z.object({
  ...{ canWrite: z.boolean().nullable(), isInRecovery: z.boolean().nullable(), rowLocked: z.boolean().nullable() },
  rowLockedSeconds: seconds,
  rowAwaited: z.boolean().nullable(),
  lockedBy: z
    .object({ processId: count, applicationName: text, state: text, transactionSeconds: seconds, waitingFor: text })
    .nullable(),
  ownerRow: text,
  pool: z.object({ kind: z.string(), used: z.number(), capacity: z.number() }).nullable(),
});

const database = z.object({
  ...{ status: z.string(), archived: z.boolean(), title: z.string(), ownerId: z.string() },
  ...{ workerId: text, runnerId: text },
  ...{ snapshotVersion: count, historyVersion: count, queueVersion: count, generationAttempt: count },
  updatedAgeSeconds: seconds,
  queueDepth: z.number(),
  oldestQueuedAgeSeconds: seconds,
  lastError: z.unknown(),
  retryState: z.unknown(),
  retrySecondsLeft: seconds,
  requiresActionSecondsLeft: seconds,
  heartbeatState: text,
  heartbeatsReadable: z.boolean(),
  heartbeats: z.array(z.object({ runnerId: z.string(), ageSeconds: seconds, staleAfterSeconds: z.number() })),
  messageStats: z
    .object({
      ...{ total: z.number(), deleted: z.number() },
      byRole: z.array(z.object({ role: z.string(), count: z.number() })),
    })
    .nullable(),
  lastMessage: z
    .object({ role: z.string(), ageSeconds: seconds, hasText: z.boolean().nullable(), finishReason: text })
    .nullable(),
  turn: z.object({ ageSeconds: seconds, steps: z.number(), toolCalls: z.number().nullable() }).nullable(),
  openCalls: z
    .array(z.object({ id: z.string(), toolName: z.string(), ageSeconds: seconds, timesUnanswered: z.number() }))
    .nullable(),
  children: z
    .object({ edges: z.array(z.object({ node: relative })), pageInfo: z.object({ hasNextPage: z.boolean() }) })
    .nullable(),
  lostChildren: z.array(relative).nullable(),
  trouble: trouble.nullable(),
  debugRun: z
    .object({ kind: text, status: text, provider: text, model: text, ageSeconds: seconds, hasEnded: z.boolean() })
    .nullable(),
  unreadable: z.array(z.string()),
});

const task = z.object({
  ...{ id: z.string(), kind: z.string(), runningSeconds: seconds, cancelledAt: text },
  ...{ secondsSinceProgress: seconds, attempt: count, secondsUntilRetry: seconds, lastError: text },
  ...{ label: text, waitsForDatabaseSeconds: seconds, breakOffs: count, lastBreakOff: text },
});

const runner = z.object({
  ...{ runnerId: z.string(), phase: text, uptimeSeconds: seconds, snapshotVersion: count },
  idleSeconds: seconds,
  activeTask: z.object({ id: z.string() }).nullable(),
  tasks: z.array(task),
  lease: z
    .object({ ageSeconds: seconds, intervalSeconds: seconds, staleAfterSeconds: seconds, consecutiveFailures: count })
    .nullable(),
});

const buffer = z.object({
  ...{ historyVersion: count, generationAttempt: count, partsBuffered: count, bytesBuffered: count },
  ...{ partsDropped: count, subscriberCount: count, isClosed: z.boolean().nullable() },
});

const runtime = z.object({
  workerId: z.string(),
  reachability: z.object({ status: z.string(), elapsedMs: z.number(), address: text, reason: text }),
  localWorkerId: text,
  workerIdMatchesLocal: z.boolean().nullable(),
  eventLoopDelayMs: z.number().nullable(),
  runners: z.array(runner).nullable(),
  messageBuffers: z.array(buffer).nullable(),
});

const candidate = z.object({
  ...{ workerId: z.string(), reachability: z.object({ status: z.string() }) },
  ...{ isFull: z.boolean().nullable(), isDraining: z.boolean().nullable(), runnerCount: count, capacity: count },
});

export const snapshotAnswer = z.object({
  chatDebugSnapshot: z
    .object({
      chatId: z.string(),
      executionState: z.string(),
      database,
      candidates: z.array(candidate).nullable(),
      runtime: runtime.nullable(),
      /** Diagnosis; left out if none could be made. */
      diagnosis: z.object({ verdict: z.enum(VERDICTS), summary: z.string() }).optional(),
    })
    .nullable(),
});

export type ShownSnapshot = NonNullable<z.output<typeof snapshotAnswer>['chatDebugSnapshot']>;
export type DatabaseHalf = ShownSnapshot['database'];
export type RuntimeHalf = NonNullable<ShownSnapshot['runtime']>;
export type ShownCandidate = z.output<typeof candidate>;
export type ShownRunner = NonNullable<RuntimeHalf['runners']>[number];
export type Buffer = NonNullable<RuntimeHalf['messageBuffers']>[number];
