/**
 * A replica whose model streams until the message buffers are full, and then falls silent.
 * A bare handler runs beside it, and a way to ask for the process's cost so far.
 * Its options are its first message; it is ready once all is filled.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LanguageModelV3, LanguageModelV3StreamPart } from '@ai-sdk/provider';
import pg from 'pg';
import { systemClock as clock } from '../../common/clock.ts';
import { announceReady, stopOnSignal } from '../../server/lifecycle.ts';
import { makeLogger } from '../../server/log.ts';
import { inspectorOf } from '../../subgraphs/runtime/chatd/chatInspector.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { BUFFER_CAPACITY_BYTES } from '../../subgraphs/runtime/chatd/messageBuffer.ts';
import { MessageBuffers } from '../../subgraphs/runtime/chatd/messageBuffers.ts';
import { keepReplica } from '../../subgraphs/runtime/chatd/replicaRow.ts';
import { builtInTools } from '../../subgraphs/runtime/chatd/tools.ts';
import { ChatWorker } from '../../subgraphs/runtime/chatd/worker.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';

export interface ReplicaMessage {
  readonly databaseUrl: string;
  readonly internalSecret: string;
  readonly workerId: string;
  readonly maxRunners: number;
  readonly bufferTotalBytes: number;
}

/**
 * Question: the cost of the process so far, the time of its inspector, or the address of a bare handler that answers
 * `constant`.
 */
export type Question =
  | { readonly tell: 'cpu' }
  | { readonly tell: 'inspection'; readonly times: number }
  | { readonly tell: 'bare'; readonly constant: string };

/** Microseconds of all threads of the process, since it began. */
export interface CpuAnswer {
  readonly cpuUs: number;
}
/** Microseconds for one look. */
export interface InspectionAnswer {
  readonly countsUs: number;
  readonly chatUs: number;
}
export interface BareAnswer {
  readonly url: string;
}

const PART_CHARACTERS = 1_000;
const PARTS_AT_ONCE = 16;
const LOOK_EVERY_MS = 100;

const [options] = (await once(process, 'message')) as [ReplicaMessage];
const { databaseUrl, internalSecret, workerId, maxRunners, bufferTotalBytes } = options;
const log = makeLogger('replica', 'info');
const host = '127.0.0.1';
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
const leasePool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
let silent = 0;

/** A little more than there is room for, in parts of text. */
async function* untilFull(): AsyncGenerator<LanguageModelV3StreamPart> {
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'text-start', id: '1' };
  while (worker.runners.count < maxRunners) await clock.sleep(LOOK_EVERY_MS); // a full replica takes no more chats
  const parts = Math.ceil(Math.min(BUFFER_CAPACITY_BYTES, bufferTotalBytes / maxRunners) / PART_CHARACTERS) + 1;
  for (let part = 0; part < parts; part += 1) {
    if (part % PARTS_AT_ONCE === 0) await clock.sleep(0);
    yield { type: 'text-delta', id: '1', delta: 'x'.repeat(PART_CHARACTERS) };
  }
  silent += 1;
  await new Promise(() => {});
}

const model: LanguageModelV3 = {
  ...{ specificationVersion: 'v3', provider: 'bench', modelId: 'bench', supportedUrls: {} },
  doGenerate: () => Promise.reject(new Error('This model only streams')),
  doStream: async () => ({ stream: ReadableStream.from(untilFull()) }),
};
const kit = {
  ...{ pool, store: new ChatStore(pool), buffers: new MessageBuffers(clock, bufferTotalBytes), model, clock },
  ...{ tools: builtInTools(clock), maxAttempts: 8, maxSteps: 200, actionTimeoutSeconds: 300 },
};
const worker = new ChatWorker(
  {
    ...{ workerId, databaseUrl, maxRunners, acquisitionIntervalSeconds: 5 },
    ...{ heartbeatIntervalSeconds: 9, staleAfterSeconds: 30 },
    clockAheadSeconds: 2,
    historyRetentionDays: 14,
  },
  kit,
  leasePool,
  log,
);
const inspector = inspectorOf(worker);
const server = await startRuntimeSubgraph({ inspector, internalSecret, clock, log, host, port: 0 });
const row = { id: workerId, hostname: 'bench', relayAddress: server.url, version: 'bench' };
await keepReplica(leasePool, row, 0);
worker.start(row);
while (silent < maxRunners) await clock.sleep(LOOK_EVERY_MS);

const usPerLook = (times: number, look: () => unknown): number => {
  const beganMs = clock.monotonicMs();
  for (let time = 0; time < times; time += 1) look();
  return ((clock.monotonicMs() - beganMs) * 1_000) / times;
};

function inspection(times: number): InspectionAnswer {
  const chatIds = [...worker.runners.all()].map(({ chatId }) => chatId);
  let place = 0;
  const nextChat = () => inspector.inspectChat(chatIds[place++ % chatIds.length] ?? '');
  return { countsUs: usPerLook(times, inspector.inspectReplica), chatUs: usPerLook(times, nextChat) };
}

async function bare(constant: string): Promise<BareAnswer> {
  const handler = createServer((request, response) => {
    request.resume().once('end', () => {
      response.setHeader('content-type', 'application/json').end(constant);
    });
  }).listen(0, host);
  await once(handler, 'listening');
  return { url: `http://${host}:${(handler.address() as AddressInfo).port}` };
}

async function answerTo(question: Question): Promise<CpuAnswer | InspectionAnswer | BareAnswer> {
  switch (question.tell) {
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return { cpuUs: user + system };
    }
    case 'inspection':
      return inspection(question.times);
    case 'bare':
      return bare(question.constant);
    default:
      return question satisfies never;
  }
}
process.on('message', (question: Question) => void answerTo(question).then((answer) => process.send?.(answer)));
stopOnSignal(
  {
    stop: async () => {
      await worker.stop();
      await server.stop();
      await Promise.all([pool.end(), leasePool.end()]);
    },
  },
  log,
);
announceReady({ url: server.url, id: workerId });
