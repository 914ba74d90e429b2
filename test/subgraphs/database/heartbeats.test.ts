import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHeartbeat } from '../../../subgraphs/database/heartbeat.ts';
import { databasePerFile } from '../../support/database.ts';
import { OWN } from './support/platforms.ts';
import { insertChat, insertHeartbeat } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
const STALE_AFTER_SECONDS = 3600; // so long that no test is slow enough to turn a fresh row stale
const ask = subgraphPerFile(database, { staleAfterSeconds: STALE_AFTER_SECONDS });

interface Heartbeat {
  runnerId: string;
  heartbeatAt: string;
  ageSeconds: number;
  isStale: boolean;
}

async function heartbeatOf(at: string | undefined) {
  const runnerId = randomUUID();
  const id = await insertChat(database.pool, { status: 'running', runner_id: runnerId });
  if (at !== undefined) await insertHeartbeat(database.pool, id, runnerId, at);
  const { data } = await ask(
    `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) {
       takenAt database { heartbeat { runnerId heartbeatAt ageSeconds isStale } } } }`,
    { id },
  );
  return data?.chatDebugSnapshot as { takenAt: string; database: { heartbeat: Heartbeat | null } };
}

describe('a lease row', () => {
  test('renewed a moment ago is fresh, and its age is a difference of two times of the database', async () => {
    const { takenAt, database: state } = await heartbeatOf(`now() - interval '90 seconds'`);
    expect(state.heartbeat?.isStale).toBe(false);
    const differenceSeconds = (Date.parse(takenAt) - Date.parse(state.heartbeat?.heartbeatAt ?? '')) / 1000;
    expect(Math.abs((state.heartbeat?.ageSeconds ?? 0) - differenceSeconds)).toBeLessThan(0.002); // milliseconds are shown
    expect(state.heartbeat?.ageSeconds).toBeGreaterThanOrEqual(90);
  });

  test('older than the threshold is stale', async () => {
    const { heartbeat } = (await heartbeatOf(`now() - interval '3601 seconds'`)).database;
    expect(heartbeat?.isStale).toBe(true);
  });

  test('that is missing is null', async () => {
    expect((await heartbeatOf(undefined)).database.heartbeat).toBeNull();
  });

  test('ahead of the clock has an age below 0, and is not fresh', async () => {
    const { heartbeat } = (await heartbeatOf(`now() + interval '1 hour'`)).database;
    expect(heartbeat?.ageSeconds).toBeLessThan(-3500);
    expect(heartbeat?.isStale).toBe(true);
  });

  test('exactly as old as the threshold is fresh, and a microsecond older is stale', () => {
    const row = { chatId: randomUUID(), runnerId: randomUUID(), heartbeatAt: new Date(0) };
    expect(toHeartbeat({ ...row, ageSeconds: 30 }, OWN).isStale).toBe(false);
    expect(toHeartbeat({ ...row, ageSeconds: 30.000001 }, OWN).isStale).toBe(true);
  });

  test('exactly as old as the threshold is stale where whoever acquires chats there compares so', () => {
    const row = { chatId: randomUUID(), runnerId: randomUUID(), heartbeatAt: new Date(0) };
    const there = { ...OWN, isStaleAtThreshold: true };
    expect(toHeartbeat({ ...row, ageSeconds: 29.999999 }, there).isStale).toBe(false);
    expect(toHeartbeat({ ...row, ageSeconds: 30 }, there).isStale).toBe(true);
  });

  test('as far ahead of the clock as a row may be is fresh, and a microsecond further is not', () => {
    const row = { chatId: randomUUID(), runnerId: randomUUID(), heartbeatAt: new Date(0) };
    expect(toHeartbeat({ ...row, ageSeconds: -2 }, OWN).isStale).toBe(false);
    expect(toHeartbeat({ ...row, ageSeconds: -2.000001 }, OWN).isStale).toBe(true);
  });

  test('is stale exactly when its age is above the threshold, or ahead of the clock', () => {
    const row = { chatId: randomUUID(), runnerId: randomUUID(), heartbeatAt: new Date(0) };
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
        fc.double({ min: 0.001, max: 86_400, noNaN: true }),
        (age, limit) => {
          const heartbeat = toHeartbeat(
            { ...row, ageSeconds: age },
            {
              ...OWN,
              thresholds: { ...OWN.thresholds, staleAfterSeconds: limit },
            },
          );
          expect(heartbeat.ageSeconds).toBe(age);
          expect(heartbeat.isStale).toBe(age > limit || age < -OWN.thresholds.clockAheadSeconds);
        },
      ),
    );
  });
});

test('two runners: all rows are shown newest first, and the one that the chat names is its heartbeat', async () => {
  const [named, other] = [randomUUID(), randomUUID()];
  const id = await insertChat(database.pool, { status: 'running', runner_id: named });
  await insertHeartbeat(database.pool, id, named, `now() - interval '2 hours'`);
  await insertHeartbeat(database.pool, id, other);
  const { data } = await ask(
    `{ chatDebugSnapshot(chatId: "${id}") { database { heartbeat { runnerId isStale } heartbeats { runnerId isStale staleAfterSeconds } } } }`,
  );
  expect(data?.chatDebugSnapshot).toEqual({
    database: {
      heartbeat: { runnerId: named, isStale: true },
      heartbeats: [
        { runnerId: other, isStale: false, staleAfterSeconds: STALE_AFTER_SECONDS },
        { runnerId: named, isStale: true, staleAfterSeconds: STALE_AFTER_SECONDS },
      ],
    },
  });
});
