/** Times left and times passed, told by the database's clock, whatever this process takes the time to be. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertHeartbeat } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
const wrong = { ...systemClock, now: () => new Date(systemClock.now().getTime() + 2_000) };
const ask = subgraphPerFile(database, { staleAfterSeconds: 3600, clock: wrong });

interface Ages {
  takenAt: string;
  database: {
    updatedAt: string;
    updatedAgeSeconds: number;
    requiresActionDeadlineAt: string | null;
    requiresActionSecondsLeft: number | null;
    retrySecondsLeft: number | null;
    heartbeatState: string | null;
  };
}

async function agesOf(columns: Parameters<typeof insertChat>[1]): Promise<Ages> {
  const id = await insertChat(database.pool, columns);
  return agesOfChat(id);
}

async function agesOfChat(id: string): Promise<Ages> {
  const { data, errors } = await ask(
    `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { takenAt database {
      updatedAt updatedAgeSeconds requiresActionDeadlineAt requiresActionSecondsLeft retrySecondsLeft heartbeatState } } }`,
    { id },
  );
  expect(errors).toEqual([]);
  return data?.chatDebugSnapshot as Ages;
}

const between = (from: string, to: string | null) => (Date.parse(to ?? '') - Date.parse(from)) / 1000;

describe('seconds', () => {
  test('since the row changed', async () => {
    const { takenAt, database: row } = await agesOf({ updated_at: `now() - interval '90 seconds'` });
    expect(row.updatedAgeSeconds).toBeGreaterThanOrEqual(90);
    expect(row.updatedAgeSeconds).toBeCloseTo(between(row.updatedAt, takenAt), 2);
    const ahead = (await agesOf({ updated_at: `now() + interval '1 hour'` })).database.updatedAgeSeconds;
    expect(ahead).toBeGreaterThan(-3600.001);
    expect(ahead).toBeLessThan(-3500);
  });

  test.each([`now() + interval '100 seconds'`, `now() - interval '100 seconds'`])(
    'until the deadline of a tool result at %s',
    async (deadline) => {
      const { takenAt, database: row } = await agesOf({ requires_action_deadline_at: deadline });
      expect(row.requiresActionSecondsLeft).toBeCloseTo(between(takenAt, row.requiresActionDeadlineAt), 2);
    },
  );

  test('until the next call of the model, as the worker wrote it', async () => {
    const id = await insertChat(database.pool, { status: 'running' });
    await database.pool.query(
      `UPDATE chats SET retry_state = jsonb_build_object('attempt', 1, 'retrying_at', now() - interval '40 seconds')
       WHERE id = $1`,
      [id],
    );
    const { retrySecondsLeft } = (await agesOfChat(id)).database;
    expect(retrySecondsLeft).toBeLessThanOrEqual(-39.999);
    expect(retrySecondsLeft).toBeGreaterThan(-100);
  });

  test.each([{}, { retrying_at: null }, 'soon', 7])(
    'until a next call that %j does not name are null',
    async (state) => {
      const columns = { status: 'running', retry_state: JSON.stringify(state) };
      expect((await agesOf(columns)).database.retrySecondsLeft).toBeNull();
    },
  );

  test('of nothing are null', async () => {
    expect((await agesOf({})).database).toMatchObject({ requiresActionSecondsLeft: null, retrySecondsLeft: null });
  });
});

test.each([
  [`now() - interval '3500 seconds'`, 'FRESH'],
  [`now() - interval '3601 seconds'`, 'STALE'],
  [undefined, 'MISSING'],
])('a lease renewed at %s is %s', async (at, state) => {
  const runnerId = randomUUID();
  const id = await insertChat(database.pool, { status: 'running', runner_id: runnerId });
  if (at !== undefined) await insertHeartbeat(database.pool, id, runnerId, at);
  expect((await agesOfChat(id)).database.heartbeatState).toBe(state);
});

test('a row that names no runner has no lease that could be missing', async () => {
  expect((await agesOf({ status: 'running' })).database.heartbeatState).toBeNull();
});
