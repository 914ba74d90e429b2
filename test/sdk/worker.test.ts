/** The kit for workers: what it tells of runs and tasks, and what it refuses to be given. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ChatsAnswer, ReplicaAnswer } from '../../domain/protocol/answers.ts';
import type { ChatDebugOptions } from '../../sdk/worker.ts';
import { workersPerTest } from './workers.ts';

const { listen, startWorker } = workersPerTest();
const KEY = 'k'.repeat(32);
const START_MS = Date.parse('2026-12-02T00:00:00.000Z');

/** A worker with a clock that stands still until it is set. */
async function worker(options: ChatDebugOptions = {}) {
  let nowMs = START_MS;
  const { debug, url } = await startWorker({ key: KEY, clock: { now: () => new Date(nowMs) }, ...options });
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const chatOf = async (chatId: string) => {
    const body = JSON.stringify({ chatIds: [chatId] });
    const response = await fetch(`${url}/chat-debug/v1/chats`, { method: 'POST', headers, body });
    return ((await response.json()) as ChatsAnswer).chats[0];
  };
  return {
    debug,
    passed: (seconds: number) => {
      nowMs = START_MS + 1_000 * seconds;
    },
    replica: async () => (await (await fetch(`${url}/chat-debug/v1/replica`, { headers })).json()) as ReplicaAnswer,
    runnerOf: async (chatId: string) => (await chatOf(chatId))?.runners?.[0],
    buffersOf: async (chatId: string) => (await chatOf(chatId))?.messageBuffers,
  };
}
const at = (seconds: number) => new Date(START_MS + 1_000 * seconds).toISOString();

describe('a run', () => {
  test('with more tasks than the protocol has room for tells the newest ones', async () => {
    const { debug, runnerOf } = await worker();
    const run = debug.run(randomUUID());
    for (let i = 0; i < 25; i += 1) run.task(`task ${i}`);
    const kinds = (await runnerOf(run.chatId))?.tasks?.map(({ kind }) => kind);
    expect(kinds).toEqual(Array.from({ length: 20 }, (_, i) => `task ${i + 5}`));
  });

  test('that never had a task is not called idle', async () => {
    const { debug, passed, runnerOf } = await worker();
    const { chatId } = debug.run(randomUUID());
    passed(3_600);
    expect(await runnerOf(chatId)).not.toHaveProperty('idleSince');
  });

  test('is idle since its task ended, or was cancelled', async () => {
    const { debug, passed, runnerOf } = await worker();
    const run = debug.run(randomUUID());
    const task = run.task('generation');
    passed(3_600);
    task.cancel();
    passed(3_605);
    expect(await runnerOf(run.chatId)).toMatchObject({ idleSince: at(3_600), tasks: [{ cancelledAt: at(3_600) }] });
    task.end();
    expect(await runnerOf(run.chatId)).toMatchObject({ idleSince: at(3_605), tasks: [] });
  });
});

describe('a task', () => {
  test('tells of progress once it has shown some, or promises it', async () => {
    const { debug, passed, runnerOf } = await worker();
    const run = debug.run(randomUUID());
    const task = run.task('generation');
    passed(120);
    task.attempt(2);
    const [told] = (await runnerOf(run.chatId))?.tasks ?? [];
    expect(told).toMatchObject({ kind: 'generation', attempt: 2 });
    expect(told).not.toHaveProperty('lastProgressAt');
    task.progress();
    expect((await runnerOf(run.chatId))?.tasks).toMatchObject([{ lastProgressAt: at(120) }]);
    const promising = debug.run(randomUUID());
    promising.task('index', { progressWithinSeconds: 60 });
    expect((await runnerOf(promising.chatId))?.tasks).toMatchObject([{ lastProgressAt: at(120) }]);
  });
});

describe('a worker with a limit', () => {
  test('says since when it has had room', async () => {
    const { debug, passed, replica } = await worker({ capacity: 1 });
    expect(await replica()).toMatchObject({ isFull: false, roomSince: at(0) });
    const run = debug.run(randomUUID());
    passed(60);
    expect(await replica()).toMatchObject({ isFull: true });
    expect(await replica()).not.toHaveProperty('roomSince');
    run.end();
    passed(61);
    expect(await replica()).toMatchObject({ isFull: false, roomSince: at(60) });
  });
});

describe('what is wrong is refused where it is given', () => {
  test('an id that is no UUID', async () => {
    const { debug } = await worker();
    expect(() => debug.run('42')).toThrow(/^chatId must be a UUID/);
    expect(() => debug.run(randomUUID(), { runnerId: '7' })).toThrow(/^runnerId must be a UUID/);
    await expect(worker({ workerId: 'worker-1' })).rejects.toThrow(/^workerId must be a UUID/);
  });

  test('a kind that is no word; a label is cut to what the protocol has room for', async () => {
    const { debug, runnerOf } = await worker();
    const run = debug.run(randomUUID());
    for (const odd of ['', 'k'.repeat(201), undefined as unknown as string]) {
      expect(() => run.task(odd)).toThrow('kind must be a word of at most 200 characters, such as generation.');
    }
    const task = run.task('k'.repeat(200), { label: 'l'.repeat(501) });
    const told = async () => (await runnerOf(run.chatId))?.tasks?.[0]?.label;
    expect(await told()).toBe(`${'l'.repeat(499)}…`);
    task.progress('m'.repeat(10_000));
    expect(await told()).toBe(`${'m'.repeat(499)}…`);
  });

  test('a promise that is no number of seconds', async () => {
    const { debug } = await worker();
    const run = debug.run(randomUUID());
    for (const odd of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, '60' as unknown as number]) {
      expect(() => run.task('generation', { progressWithinSeconds: odd })).toThrow(
        `progressWithinSeconds must be a number of seconds above 0, received ${odd}.`,
      );
      await expect(worker({ lease: { staleAfterSeconds: odd } })).rejects.toThrow(/^lease.staleAfterSeconds must be/);
    }
  });

  test('a time that is none; the answers about other chats stay as they are', async () => {
    const { debug, runnerOf } = await worker();
    const run = debug.run(randomUUID());
    const task = run.task('generation');
    expect(() => task.retry(new Date(Number.NaN), 'no')).toThrow('at must be a valid Date.');
    expect(() => task.retry(START_MS as unknown as Date, 'no')).toThrow('at must be a valid Date.');
    expect(() => run.lease(new Date(Number.NaN))).toThrow('sentAt must be a valid Date.');
    expect(await runnerOf(run.chatId)).toMatchObject({ runnerId: run.runnerId });
  });
});

test('a question whose body a framework set aside unread is read all the same', async () => {
  const { debug } = await worker();
  const url = await listen((request, response) => debug.handler(Object.assign(request, { body: {} }), response));
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ chatIds: [randomUUID()] });
  expect((await fetch(`${url}/chat-debug/v1/chats`, { method: 'POST', headers, body })).status).toBe(200);
});

test('a question whose body a framework has read and given to nobody is refused at once', async () => {
  const { debug } = await worker();
  const url = await listen((request, response) => {
    request.resume().once('end', () => debug.handler(request, response));
  });
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ chatIds: [] });
  const signal = AbortSignal.timeout(5_000);
  expect((await fetch(`${url}/chat-debug/v1/chats`, { method: 'POST', headers, body, signal })).status).toBe(400);
});

test('big integers of a database are told as numbers, also as the texts that its driver makes of them', async () => {
  const { debug, runnerOf, buffersOf } = await worker();
  const texts = { snapshotVersion: '8', historyVersion: '8', generationAttempt: '2' } as object;
  const read = debug.run(randomUUID(), texts);
  read.task('generation', texts);
  read.buffer(texts);
  const told = { historyVersion: 8, generationAttempt: 2 };
  expect(await runnerOf(read.chatId)).toMatchObject({ ...told, snapshotVersion: 8, tasks: [{ historyVersion: 8 }] });
  expect(await buffersOf(read.chatId)).toMatchObject([told]);
  const run = debug.run(randomUUID(), { snapshotVersion: 7n as unknown as number });
  expect(await runnerOf(run.chatId)).toMatchObject({ snapshotVersion: 7 });
});

test('a clock of the machine that is set changes no age, and the moments are by the clock as it is now', async () => {
  let [wallMs, monotonicMs] = [START_MS, 5_000];
  const clock = { now: () => new Date(wallMs), monotonicMs: () => monotonicMs };
  const passed = (seconds: number) => {
    wallMs += 1_000 * seconds;
    monotonicMs += 1_000 * seconds;
  };
  const { debug, replica, runnerOf, buffersOf } = await worker({ clock, capacity: 1 });
  const loop = debug.loop('heartbeats');
  const run = debug.run(randomUUID());
  const task = run.task('generation');
  const buffer = run.buffer();
  buffer.part(1);
  task.progress();
  run.lease();
  loop.ran();
  task.retry(new Date(wallMs + 60_000), 'no');
  passed(10);
  wallMs -= 3_600_000; // an hour back
  const now = 10 - 3_600;
  const { observedAt, startedAt, heartbeats } = await replica();
  expect({ observedAt, startedAt, heartbeats }).toMatchObject({
    ...{ observedAt: at(now), startedAt: at(now - 10), heartbeats: { lastRunAt: at(now - 10) } },
  });
  expect(await runnerOf(run.chatId)).toMatchObject({
    ...{ startedAt: at(now - 10), lease: { renewedAt: at(now - 10) } },
    tasks: [{ startedAt: at(now - 10), lastProgressAt: at(now - 10), nextRetryAt: at(now + 50) }],
  });
  expect(await buffersOf(run.chatId)).toMatchObject([{ openedAt: at(now - 10), lastPartAt: at(now - 10) }]);
  task.retry(new Date(8.64e15), 'never'); // the last moment of all
  expect((await runnerOf(run.chatId))?.tasks).toMatchObject([{ nextRetryAt: '+275760-09-13T00:00:00.000Z' }]);
  wallMs += 200; // slewed a little: what is told stands still
  expect((await runnerOf(run.chatId))?.startedAt).toBe(at(now - 10));
});
