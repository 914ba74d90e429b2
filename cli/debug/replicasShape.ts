/** Shape of the answers to `replicas.graphql` and `database.graphql`. Null means unreadable or unknown. */
import * as z from 'zod';

const loop = z.object({ lastError: z.string().nullable(), consecutiveFailures: z.number().nullable() }).nullable();
const replica = z.object({
  ...{ id: z.string(), hostname: z.string(), version: z.string(), stoppedAt: z.string().nullable() },
  ...{ isAlive: z.boolean(), error: z.string().nullable(), ownedChats: z.number() },
  runtime: z
    .object({
      reachability: z.object({ status: z.string(), elapsedMs: z.number(), reason: z.string().nullable() }),
      runnerCount: z.number().nullable(),
      capacity: z.number().nullable(),
      isFull: z.boolean().nullable(),
      eventLoopDelayMs: z.number().nullable(),
      acquisition: loop,
      heartbeats: loop,
      databaseSync: loop,
    })
    .nullable(),
});

const load = z.object({
  id: z.string(),
  runtime: z
    .object({
      isDraining: z.boolean().nullable(),
      runnersByOwner: z.array(z.object({ ownerId: z.string(), runnerCount: z.number() })).nullable(),
    })
    .nullable(),
});

const database = z.object({
  ...{ canWrite: z.boolean(), isInRecovery: z.boolean(), replayLagSeconds: z.number().nullable() },
  ...{ connections: z.number().nullable(), maxConnections: z.number() },
  ...{ oldestTransactionSeconds: z.number().nullable(), lockWaits: z.number().nullable() },
  ...{ serverVersion: z.string(), platform: z.string(), missing: z.array(z.string()) },
  pools: z.array(z.object({ kind: z.string(), used: z.number(), capacity: z.number() })).nullable(),
});

export const databaseAnswer = z.object({ database: database.nullable() });
export const replicasAnswer = z.object({
  replicas: z.array(replica).nullable(),
  load: z.array(load).nullable(),
});

export type ShownDatabase = z.output<typeof database>;
/** A replica with its load. */
export type ShownReplica = z.output<typeof replica> & { readonly load: z.output<typeof load>['runtime'] };
