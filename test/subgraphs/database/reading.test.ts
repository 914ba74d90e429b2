import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../common/clock.ts';
import { makeLogger } from '../../../server/log.ts';
import { connectDatabase, type DatabaseClient } from '../../../subgraphs/database/client.ts';
import { makeReadingMetrics } from '../../../subgraphs/database/metrics.ts';
import type { Reading, ReadingOptions } from '../../../subgraphs/database/reading.ts';
import type { Transaction } from '../../../subgraphs/database/transaction.ts';
import { databasePerFile } from '../../support/database.ts';
import { openReading } from './support/reading.ts';
import { insertChat } from './support/rows.ts';
import { noTransactionLeft, waitingForLock, whileLocked } from './support/waiting.ts';

const database = databasePerFile();
const log = makeLogger('database', 'silent');
let client: DatabaseClient;
beforeAll(() => {
  client = connectDatabase({ url: database.url, timeoutMs: 20_000, clock: systemClock, log });
});
afterAll(() => client.close());

const open = (options: Partial<ReadingOptions> = {}) =>
  openReading({ prisma: client.prisma, timeoutMs: 20_000, ...options });
const countChats = async (tx: Transaction) => {
  const rows = await tx.$queryRaw<{ n: number }[]>`SELECT count(*)::int4 AS n FROM chats`;
  return rows[0]?.n ?? Number.NaN;
};
const limited = async (tx: Transaction) => tx.$queryRaw`SELECT set_config('statement_timeout', '50', true)`;
const tooLong = async (tx: Transaction) => limited(tx).then(() => tx.$queryRaw`SELECT FROM pg_sleep(10)`);
const unavailable = { extensions: { code: 'DATABASE_UNAVAILABLE' } };

describe('a reading', () => {
  test('sees the database as it was at its first question, whatever is committed since', async () => {
    const reading = open();
    try {
      const before = await reading.ask('a question', countChats);
      await insertChat(database.pool);
      expect(await reading.ask('a question', countChats)).toBe(before);
      const later = open();
      try {
        expect(await later.ask('a question', countChats)).toBe(before + 1);
      } finally {
        await later.close();
      }
    } finally {
      await reading.close();
    }
  });

  test('has one moment, and ages are measured from it', async () => {
    const reading = open();
    try {
      const now = async (tx: Transaction) => tx.$queryRaw<{ now: Date }[]>`SELECT now() FROM pg_sleep(0.01)`;
      const [first, second] = [await reading.ask('a question', now), await reading.ask('a question', now)];
      expect(first).toEqual(second);
    } finally {
      await reading.close();
    }
  });

  test('whose time is up between two questions is late, in the log and in its metrics', async () => {
    const lines: { question?: string }[] = [];
    const registry = new Registry();
    const reading = open({
      ...{ timeoutMs: 500, metrics: makeReadingMetrics(registry) },
      log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    });
    await reading.ask('the first', countChats);
    await systemClock.sleep(600);
    await expect(reading.ask('the second', countChats)).rejects.toMatchObject(unavailable);
    await reading.close();
    expect(lines).toMatchObject([{ question: 'the first' }]);
    expect(await registry.metrics()).toContain('chat_debug_reading_duration_seconds_count{outcome="unavailable"} 1');
  });

  test('cannot write', async () => {
    const reading = open();
    try {
      const write = reading.ask('a question', async (tx) => tx.$executeRaw`UPDATE chats SET title = 'written'`);
      await expect(write).rejects.toThrow('cannot execute UPDATE in a read-only transaction');
    } finally {
      await reading.close();
    }
  });

  test('does not end another one: two at once each have their transaction', async () => {
    const [a, b] = [open(), open()];
    const id = async (tx: Transaction) => tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
    try {
      const [[first], [second]] = await Promise.all([a.ask('a question', id), b.ask('a question', id)]);
      expect(first?.pid).not.toBe(second?.pid);
      await a.close();
      expect(await b.ask('a question', id)).toEqual([second]);
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  });

  test('that is closed refuses questions and opens nothing', async () => {
    const reading = open();
    await reading.close();
    await expect(reading.ask('a question', countChats)).rejects.toMatchObject(unavailable);
    await noTransactionLeft(database.pool);
  });

  test('that is closed while a question runs ends after that question, and does not put the next one', async () => {
    const reading = open();
    const { first, second, closed } = await whileLocked(database.pool, 'chats', async () => {
      const questions = {
        first: reading.ask('a question', countChats),
        second: Promise.allSettled([reading.ask('a question', async () => 'put')]),
      };
      await waitingForLock(database.pool);
      return { ...questions, closed: reading.close() };
    });
    expect(await first).toEqual(expect.any(Number));
    expect(await second).toMatchObject([{ status: 'rejected', reason: unavailable }]);
    await closed;
    await noTransactionLeft(database.pool);
  });

  test('whose question is a defect says so, and ends', async () => {
    const reading = open();
    await expect(reading.ask('a question', async (tx) => tx.$queryRaw`SELECT nonsense`)).rejects.toThrow('nonsense');
    await expect(reading.ask('a question', countChats)).rejects.toMatchObject(unavailable);
    await reading.close();
    await noTransactionLeft(database.pool);
  });

  test('fails as a whole when its time is up, and ends as soon as the server has cancelled the statement', async () => {
    await whileLocked(database.pool, 'chats', async () => {
      const reading = open({ timeoutMs: 300 });
      expect(
        await Promise.allSettled([reading.ask('a question', countChats), reading.ask('a question', countChats)]),
      ).toMatchObject([
        { status: 'rejected', reason: unavailable },
        { status: 'rejected', reason: unavailable },
      ]);
      await reading.close();
      await noTransactionLeft(database.pool);
    });
  });

  test.each<[string, (reading: Reading) => Promise<unknown>]>([
    ['is asked within a limit', (reading) => reading.askWithin('slow', tooLong)],
    [
      'is asked apart while others wait',
      (reading) => Promise.allSettled([reading.askApart('slow', tooLong), reading.ask('a question', countChats)]),
    ],
  ])('counts the failure of a question that %s', async (_how, askFor) => {
    const registry = new Registry();
    const reading = open({ metrics: makeReadingMetrics(registry) });
    await askFor(reading);
    await reading.askWithin('broken', async (tx) => tx.$queryRaw`SELECT nonsense`);
    await reading.close();
    const failures = await registry.getSingleMetric('chat_debug_question_failures_total')?.get();
    expect(failures?.values.map(({ labels, value }) => ({ ...labels, value }))).toEqual([
      { question: 'slow', outcome: 'unavailable', value: 1 },
      { question: 'broken', outcome: 'failed', value: 1 },
    ]);
  });

  test('that waited for its connection gives a statement no more than is left', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const reading = open({ clock });
    const limit = async (tx: Transaction) => tx.$queryRaw`SELECT current_setting('statement_timeout') AS limit`;
    const asked = reading.ask('a question', limit);
    nowMs = 15_000;
    expect(await asked).toEqual([{ limit: '5s' }]);
    await reading.close();
  });

  test.each<[string, (tx: Transaction) => Promise<unknown>]>([
    ['the session is ended', async (tx) => tx.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`],
    ['a statement is cancelled', async (tx) => limited(tx).then(() => tx.$queryRaw`SELECT count(*) FROM replicas`)],
  ])('is unavailable when %s', async (_what, question) => {
    await whileLocked(database.pool, 'replicas', async () => {
      const reading = open();
      await expect(reading.ask('a question', question)).rejects.toMatchObject(unavailable);
      await expect(reading.ask('a question', countChats)).rejects.toMatchObject(unavailable);
      await reading.close();
    });
    await noTransactionLeft(database.pool);
  });

  test('that nobody closes is ended all the same', async () => {
    const reading = open({ timeoutMs: 3_000 });
    await reading.ask('a question', countChats);
    await noTransactionLeft(database.pool);
    await expect(reading.ask('a question', countChats)).rejects.toMatchObject(unavailable);
    await reading.close();
  });
});
