/** The chat worker: acquires a chat, keeps a lease on it, runs a whole turn, and gives the chat up. */
import { randomUUID } from 'node:crypto';
import type { LanguageModelV3, LanguageModelV3StreamPart } from '@ai-sdk/provider';
import pg from 'pg';
import { systemClock as clock } from '../../common/clock.ts';
import { makeLogger } from '../../server/log.ts';
import { settings } from '../../server/settings/settings.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { MessageBuffers } from '../../subgraphs/runtime/chatd/messageBuffers.ts';
import { keepReplica } from '../../subgraphs/runtime/chatd/replicaRow.ts';
import { builtInTools } from '../../subgraphs/runtime/chatd/tools.ts';
import { ChatWorker } from '../../subgraphs/runtime/chatd/worker.ts';
import { insertChats } from '../support/chats.ts';
import type { Source, Stop, TakeOptions, Taker } from './taker.ts';

/** @param maxRunners chats at once in each process; unset: as many as the others take */
export const chatWorker = (maxRunners?: number): Taker => ({
  prepare: async ({ pool }): Promise<Source> => {
    const store = new ChatStore(pool);
    const ownerId = randomUUID();
    return {
      add: async () => (await store.create({ ownerId, text: 'hello' })).id,
      addMany: async (tx, count) => {
        const ids = await insertChats(tx, count, 'hello');
        await tx.query(
          `SELECT pg_notify('chat_update', json_build_object('chat_id', id, 'snapshot_version', 1)::text),
             pg_notify('chat_ownership', id::text) FROM unnest($1::uuid[]) AS id`,
          [ids],
        );
      },
      remaining: `SELECT count(*)::int AS count FROM chats WHERE status = 'running' OR worker_id IS NOT NULL`,
      close: async () => {},
    };
  },
  take: (options) => take({ ...options, concurrency: maxRunners ?? options.concurrency }),
});

/** The same parts as a replica's, with its pool and the default settings, but for the model and the store. */
async function take({ databaseUrl, concurrency, onTaken }: TakeOptions): Promise<Stop> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const leasePool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const workerId = randomUUID();
  const replica = { id: workerId, hostname: 'bench', relayAddress: 'http://127.0.0.1:1', version: '0' };
  await keepReplica(pool, replica, 0);
  const kit = {
    ...{
      pool,
      clock,
      model: modelThatEndsAtOnce,
      tools: builtInTools(clock),
      maxAttempts: 8,
      maxSteps: 200,
      actionTimeoutSeconds: 60,
    },
    store: new WatchedStore(pool, onTaken),
    buffers: new MessageBuffers(clock, settings.BUFFER_TOTAL_BYTES.parse(undefined)),
  };
  const workerSettings = {
    ...{ workerId, databaseUrl, maxRunners: concurrency },
    heartbeatIntervalSeconds: settings.HEARTBEAT_INTERVAL_SECONDS.parse(undefined),
    staleAfterSeconds: settings.HEARTBEAT_STALE_SECONDS.parse(undefined),
    clockAheadSeconds: 2,
    historyRetentionDays: 14,
    acquisitionIntervalSeconds: settings.ACQUISITION_INTERVAL_SECONDS.parse(undefined),
  };
  const worker = new ChatWorker(workerSettings, kit, leasePool, makeLogger('bench', 'error'));
  worker.start(replica);
  return async () => {
    await worker.stop();
    await Promise.all([pool.end(), leasePool.end()]);
  };
}

/** A runner's first write is the first thing that it does with an acquired chat. */
class WatchedStore extends ChatStore {
  readonly #seen = new Set<string>();
  readonly #onTaken: (id: string) => void;

  constructor(pool: pg.Pool, onTaken: (id: string) => void) {
    super(pool);
    this.#onTaken = onTaken;
  }

  override applyFenced(...call: Parameters<ChatStore['applyFenced']>): ReturnType<ChatStore['applyFenced']> {
    const [chatId] = call;
    if (!this.#seen.has(chatId)) this.#onTaken(chatId);
    this.#seen.add(chatId);
    return super.applyFenced(...call);
  }
}

const NO_USAGE = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};
const ANSWER: readonly LanguageModelV3StreamPart[] = [
  { type: 'stream-start', warnings: [] },
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: 'hello' },
  { type: 'text-end', id: '1' },
  { type: 'finish', usage: NO_USAGE, finishReason: { unified: 'stop', raw: undefined } },
];

const modelThatEndsAtOnce: LanguageModelV3 = {
  ...{ specificationVersion: 'v3', provider: 'bench', modelId: 'bench', supportedUrls: {} },
  doGenerate: () => Promise.reject(new Error('Only streams')),
  doStream: async () => ({ stream: ReadableStream.from(ANSWER) }),
};
