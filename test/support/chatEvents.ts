/** The events of chats, read from the table as the domain knows them, and held against the chats' rows. */
import { expect } from '@jest/globals';
import type pg from 'pg';
import { STATE_OF_CODE } from '../../domain/chatEvents.ts';
import { executionState } from '../../domain/executionState.ts';
import { type ChatEvent, replay } from './replay.ts';

interface StoredEvent extends ChatEvent {
  readonly by: string;
  readonly actorId: string | null;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly previousWorkerId: string | null;
  readonly previousRunnerId: string | null;
  readonly detail: unknown;
}

/** The events of a chat, oldest first. */
export async function eventsOf(database: pg.Pool | pg.ClientBase, chatId: string): Promise<StoredEvent[]> {
  const { rows } = await database.query(
    `SELECT snapshot_version::float8 AS "snapshotVersion", transitions, from_state::text AS "from", to_state::text AS "to",
       generation_attempt::float8 AS "generationAttempt", queue_depth AS "queueDepth", by::text, actor_id AS "actorId",
       worker_id AS "workerId", runner_id AS "runnerId", previous_worker_id AS "previousWorkerId",
       previous_runner_id AS "previousRunnerId", detail
     FROM chat_events WHERE chat_id = $1 ORDER BY id`,
    [chatId],
  );
  return rows.map(({ from, to, ...event }) => ({
    ...event,
    fromState: from === null ? null : STATE_OF_CODE[from],
    toState: STATE_OF_CODE[to],
  }));
}

/** Every version of the chat from 1 has one event, each follows from the one before, and the last one is the row. */
export async function expectKept(pool: pg.Pool, chatId: string): Promise<void> {
  const events = await eventsOf(pool, chatId);
  const { rows } = await pool.query(
    `SELECT status::text, archived, snapshot_version::float8 AS "snapshotVersion", worker_id AS "workerId", runner_id AS "runnerId",
       generation_attempt::float8 AS "generationAttempt",
       (SELECT count(*)::int FROM chat_queued_messages WHERE chat_id = chats.id) AS "queueDepth" FROM chats WHERE id = $1`,
    [chatId],
  );
  const { status, archived, workerId, runnerId, ...chat } = rows[0];
  expect(events.map(({ snapshotVersion }) => snapshotVersion)).toEqual(
    Array.from({ length: chat.snapshotVersion }, (_, place) => place + 1),
  );
  const state = executionState({ status, archived, queueDepth: chat.queueDepth });
  expect(replay(events)).toEqual({ state, ...chat, contradicted: [] });
  const owners = events.filter((event) => event.workerId !== null || event.previousWorkerId !== null);
  expect(owners.at(-1)?.workerId ?? null).toBe(workerId);
  expect(owners.at(-1)?.runnerId ?? null).toBe(workerId === null ? (owners.at(-1)?.runnerId ?? null) : runnerId);
  owners.forEach(({ previousWorkerId }, place) => {
    expect(previousWorkerId).toBe(owners[place - 1]?.workerId ?? null);
  });
}
