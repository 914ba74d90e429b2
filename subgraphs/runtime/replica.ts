/**
 * A replica put together. It stops in the opposite order.
 *
 * 1. The schema is checked.
 * 2. The subgraph listens.
 * 3. The row in `replicas` says where.
 * 4. The worker begins to take chats.
 */
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import { assertOwnSchema } from '../../prisma/migrations.ts';
import type { RunningServer } from '../../server/app.ts';
import type { Logger } from '../../server/log.ts';
import { inspectorOf } from './chatd/chatInspector.ts';
import { ChatStore } from './chatd/chatStore.ts';
import { MessageBuffers } from './chatd/messageBuffers.ts';
import { modelFor } from './chatd/model.ts';
import { openWorkerPool } from './chatd/pool.ts';
import { keepReplica } from './chatd/replicaRow.ts';
import { builtInTools } from './chatd/tools.ts';
import { ChatWorker, type WorkerSettings } from './chatd/worker.ts';
import { startRuntimeSubgraph } from './server.ts';

const CLOSE_LIMIT_MS = 500;
/** Connections for the work on chats. Leases have their own, so that no amount of work delays a renewal. */
const CONNECTIONS = 10;
/** Connections for leases. The second one is for the replica's row, while a renewal takes its time. */
const LEASE_CONNECTIONS = 2;
/** Milliseconds after which a renewal is split. The parts need time, too, before the leases run out. */
const RENEWAL_LIMIT_MS = 3_000;

export interface ReplicaOptions extends WorkerSettings {
  readonly hostname: string;
  readonly internalSecret: string;
  readonly host: string;
  readonly port: number;
  /** URL for other processes; unset: the address where it listens. */
  readonly relayAddress: string | undefined;
  readonly model: string;
  readonly modelApiKey: string | undefined;
  readonly maxAttempts: number;
  readonly maxSteps: number;
  readonly actionTimeoutSeconds: number;
  readonly bufferTotalBytes: number;
  /** False: changes by this replica leave no events. */
  readonly writesEvents: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Replica extends RunningServer {
  readonly workerId: string;
}

/** @throws SchemaStateError if the database is not this project's own */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { workerId, hostname, internalSecret, host, port, clock, log } = options;
  const pool = openWorkerPool({ ...options, max: CONNECTIONS });
  const leasePool = openWorkerPool({ ...options, max: LEASE_CONNECTIONS, statementLimitMs: RENEWAL_LIMIT_MS });
  try {
    await checkSchema(pool);
    const worker = makeWorker(pool, leasePool, options);
    const notReady = () => (worker.phase === 'running' ? undefined : `the chat worker is ${worker.phase}`);
    const server = await startRuntimeSubgraph({
      ...{ inspector: inspectorOf(worker), internalSecret, clock, log, host, port, notReady },
    });
    const relayAddress = options.relayAddress ?? server.url;
    const row = { id: workerId, hostname, relayAddress, version: ownVersion() };
    await keepReplica(leasePool, row, 0);
    worker.start(row);
    const stop = async () => {
      await worker.stop();
      await server.stop();
      // A statement that waits for a lock holds its connection; the process ends without it.
      const closed = new AbortController();
      const close = Promise.all([pool.end(), leasePool.end()]);
      await Promise.race([close, clock.sleep(CLOSE_LIMIT_MS, closed.signal)]);
      closed.abort();
    };
    let stopped: Promise<void> | undefined;
    return {
      workerId,
      url: server.url,
      retire: async () => {
        await server.retire();
        await worker.stop();
      },
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await Promise.all([pool.end(), leasePool.end()]);
    throw error;
  }
}

function ownVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(file).version;
}

async function checkSchema(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await assertOwnSchema(client);
  } finally {
    client.release();
  }
}

function makeWorker(pool: pg.Pool, leasePool: pg.Pool, options: ReplicaOptions): ChatWorker {
  const { clock, log, model, modelApiKey, bufferTotalBytes } = options;
  const { maxAttempts, maxSteps, actionTimeoutSeconds } = options;
  const kit = {
    pool,
    store: new ChatStore(pool, clock),
    buffers: new MessageBuffers(clock, bufferTotalBytes),
    model: modelFor(model, modelApiKey, clock),
    tools: builtInTools(clock),
    clock,
    maxAttempts,
    maxSteps,
    actionTimeoutSeconds,
  };
  return new ChatWorker(options, kit, leasePool, log);
}
