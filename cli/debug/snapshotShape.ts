/** The answer to `snapshot.graphql`. */
import { z } from 'zod';
import { VERDICTS } from '../../subgraphs/diagnosis/diagnosis.ts';

const count = z.number();
const seconds = z.number();

const database = z.object({
  ...{ status: z.string(), archived: z.boolean(), title: z.string(), ownerId: z.string() },
  ...{ workerId: z.string().nullable(), runnerId: z.string().nullable() },
  ...{ snapshotVersion: count, historyVersion: count, queueVersion: count, generationAttempt: count },
  updatedAgeSeconds: seconds,
  queueDepth: count,
  lastError: z.unknown(),
  retryState: z.unknown(),
  retrySecondsLeft: seconds.nullable(),
  requiresActionSecondsLeft: seconds.nullable(),
  heartbeatState: z.string().nullable(),
  heartbeatsReadable: z.boolean(),
  heartbeats: z.array(z.object({ runnerId: z.string(), ageSeconds: seconds, staleAfterSeconds: seconds })),
  messageStats: z
    .object({ total: count, deleted: count, byRole: z.array(z.object({ role: z.string(), count })) })
    .nullable(),
});

const task = z.object({
  ...{ id: z.string(), kind: z.string(), runningSeconds: seconds, cancelledAt: z.string().nullable() },
  ...{ secondsSinceProgress: seconds.nullable(), attempt: count.nullable(), secondsUntilRetry: seconds.nullable() },
  lastError: z.string().nullable(),
});

const runner = z.object({
  ...{ runnerId: z.string(), phase: z.string(), uptimeSeconds: seconds, snapshotVersion: count.nullable() },
  idleSeconds: seconds.nullable(),
  activeTask: z.object({ id: z.string() }).nullable(),
  tasks: z.array(task),
  lease: z.object({
    ...{ ageSeconds: seconds.nullable(), intervalSeconds: seconds, staleAfterSeconds: seconds },
    consecutiveFailures: count,
  }),
});

const buffer = z.object({
  ...{ historyVersion: count, generationAttempt: count, partsBuffered: count, bytesBuffered: count },
  ...{ partsDropped: count, subscriberCount: count, isClosed: z.boolean() },
});

const runtime = z.object({
  workerId: z.string(),
  reachability: z.object({
    ...{ status: z.string(), elapsedMs: z.number(), address: z.string().nullable(), reason: z.string().nullable() },
  }),
  localWorkerId: z.string().nullable(),
  workerIdMatchesLocal: z.boolean().nullable(),
  eventLoopDelayMs: z.number().nullable(),
  runners: z.array(runner).nullable(),
  messageBuffers: z.array(buffer).nullable(),
});

export const snapshotAnswer = z.object({
  chatDebugSnapshot: z
    .object({
      chatId: z.string(),
      executionState: z.string(),
      database,
      runtime: runtime.nullable(),
      diagnosis: z.object({ verdict: z.enum(VERDICTS), summary: z.string() }),
    })
    .nullable(),
});

export type Snapshot = NonNullable<z.output<typeof snapshotAnswer>['chatDebugSnapshot']>;
export type DatabaseHalf = Snapshot['database'];
export type RuntimeHalf = NonNullable<Snapshot['runtime']>;
export type Runner = NonNullable<RuntimeHalf['runners']>[number];
export type Buffer = NonNullable<RuntimeHalf['messageBuffers']>[number];
