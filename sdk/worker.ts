/**
 * `chat-debug-gateway/worker`: shows a worker's memory to the gateway. It needs no other package.
 *
 * ```js
 * import { createServer } from 'node:http';
 * import { chatDebug } from 'chat-debug-gateway/worker';
 *
 * const debug = chatDebug({ workerId, internalSecret, capacity: 10 });
 * createServer(debug.handler).listen(port);
 *
 * const run = debug.run(chatId);
 * const task = run.task('generation', { progressWithinSeconds: 60 });
 * task.progress(); // at every sign of life
 * run.end();
 * ```
 */
import { randomUUID } from 'node:crypto';
import { memoryUsage } from 'node:process';
import { systemClock } from '../common/clock.ts';
import type { ReplicaAnswer } from '../domain/protocol/answers.ts';
import { requireSeconds, requireUuid } from './checked.ts';
import { type LoopOptions, WorkerLoop } from './loop.ts';
import { loopDelay } from './loopDelay.ts';
import { Run, type RunOptions } from './run.ts';
import { makeAnswer } from './serve/answer.ts';
import { fastifyPlugin } from './serve/fastifyPlugin.ts';
import { type NodeHandler, nodeHandler } from './serve/nodeHandler.ts';
import { type GivenClock, SteadyClock } from './steadyClock.ts';

export type { Chat, ChatsAnswer, ReplicaAnswer, Runner, Task } from '../domain/protocol/answers.ts';
export type { MessageBufferHandle } from './messageBuffer.ts';
export type { Run, RunOptions } from './run.ts';
export type { TaskHandle, TaskOptions } from './task.ts';

/** Settings of a worker. `internalSecret` or `key` must be set. */
export interface ChatDebugOptions {
  /** Id of this process, new on each start: what `chats.worker_id` and the replica table name. Left out: a new one. */
  readonly workerId?: string;
  /** `INTERNAL_SECRET` of the gateway: tokens that it signs for this worker are taken. */
  readonly internalSecret?: string;
  /** `RUNTIME_KEY` of the gateway: a key that both sides share. */
  readonly key?: string;
  /** Chats that it works on at once, at most. Left out: not known. */
  readonly capacity?: number;
  /** Seconds between two renewals of a lease, and after which others may take the chat. Left out: not known. */
  readonly lease?: { readonly intervalSeconds?: number; readonly staleAfterSeconds?: number };
  /** Clock of a test. */
  readonly clock?: GivenClock;
}

export interface ChatDebug {
  readonly workerId: string;
  /**
   * Begins to work on a chat. Call `end` once its row says that the work is over, in a `finally`.
   * @throws TypeError if an id is no UUID
   */
  run(chatId: string, options?: RunOptions): Run;
  /** Names one of the worker's loops, so that its health is shown. */
  loop(name: 'acquisition' | 'heartbeats' | 'databaseSync', options?: LoopOptions): WorkerLoop;
  /** Says that it takes nothing new and hands its chats over; false: that it takes chats again. */
  drain(isDraining?: boolean): void;
  /** Handler for `node:http`, and middleware for Express and its like. */
  readonly handler: NodeHandler;
  /** Plugin for Fastify: `app.register(debug.fastify)`. */
  readonly fastify: ReturnType<typeof fastifyPlugin>;
}

/** @throws TypeError if neither `internalSecret` nor `key` is set, if `workerId` is no UUID, or if a time of the lease is none */
export function chatDebug(options: ChatDebugOptions): ChatDebug {
  const { capacity, lease } = options;
  for (const name of ['intervalSeconds', 'staleAfterSeconds'] as const) {
    if (lease?.[name] !== undefined) requireSeconds(lease[name], `lease.${name}`);
  }
  const clock = new SteadyClock(options.clock ?? systemClock);
  const workerId = requireUuid(options.workerId ?? randomUUID(), 'workerId');
  const startedAt = clock.mark();
  const runs = new Map<string, Set<Run>>();
  const loops = new Map<string, WorkerLoop>();
  let isDraining = false;
  let count = 0;
  let roomSince = startedAt;
  const isFull = () => capacity !== undefined && count >= capacity;
  const all = function* () {
    for (const ofChat of runs.values()) yield* ofChat;
  };
  const forget = (run: Run) => {
    const ofChat = runs.get(run.chatId);
    if (!ofChat?.delete(run)) return;
    if (isFull()) roomSince = clock.mark();
    count -= 1;
    if (ofChat.size === 0) runs.delete(run.chatId);
  };
  const replica = (most: number): Omit<ReplicaAnswer, 'workerId' | 'observedAt'> => ({
    startedAt: clock.told(startedAt),
    runnerCount: count,
    ...(capacity !== undefined && {
      capacity,
      isFull: isFull(),
      roomSince: isFull() ? undefined : clock.told(roomSince),
    }),
    isDraining,
    residentBytes: memoryUsage.rss(),
    ...Object.fromEntries([...loops].map(([name, loop]) => [name, loop.told()])),
    ...(most > 0 && { runners: first(all(), most).map((run) => ({ ...run.told(), chatId: run.chatId })) }),
  });
  const answer = makeAnswer(
    {
      workerId,
      now: () => clock.now(),
      eventLoopDelayMs: loopDelay(clock),
      replica,
      chat: (chatId) => {
        const ofChat = [...(runs.get(chatId) ?? [])];
        return {
          runners: ofChat.map((run) => run.told()),
          messageBuffers: ofChat.flatMap((run) => run.buffersTold()),
        };
      },
    },
    options,
  );
  return {
    workerId,
    run: (chatId, runOptions = {}) => {
      const run = new Run(chatId, { ...runOptions, clock, lease, onEnd: forget });
      const ofChat = runs.get(run.chatId) ?? new Set();
      runs.set(run.chatId, ofChat.add(run));
      count += 1;
      return run;
    },
    loop: (name, loopOptions = {}) => {
      const loop = new WorkerLoop(loopOptions, clock);
      loops.set(name, loop);
      return loop;
    },
    drain: (drains = true) => {
      isDraining = drains;
    },
    handler: nodeHandler(answer),
    fastify: fastifyPlugin(answer),
  };
}

function first<T>(items: Iterable<T>, most: number): T[] {
  const list: T[] = [];
  for (const item of items) {
    if (list.length === most) break;
    list.push(item);
  }
  return list;
}
