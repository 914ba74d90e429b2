/** Check that the events of every chat tell each of its versions once, and alone lead to the row as it is. */
import type { Pool } from 'pg';
import { STATE_OF_CODE } from '../../domain/chatEvents.ts';
import { executionState } from '../../domain/executionState.ts';
import { replay } from '../support/replay.ts';
import type { Violation } from './audit.ts';

interface Kept {
  readonly id: string;
  readonly status: string;
  readonly archived: boolean;
  readonly snapshotVersion: number;
  readonly generationAttempt: number;
  readonly queueDepth: number;
  readonly workerId: string | null;
  readonly events: readonly Event[];
}

interface Event {
  readonly snapshotVersion: number;
  readonly transitions: readonly string[];
  readonly from: string | null;
  readonly to: string;
  readonly generationAttempt: number;
  readonly queueDepth: number;
  readonly workerId: string | null;
  readonly previousWorkerId: string | null;
}

const KEPT = `
  SELECT id, status::text, archived, snapshot_version::float8 AS "snapshotVersion", worker_id AS "workerId",
    generation_attempt::float8 AS "generationAttempt",
    (SELECT count(*)::int FROM chat_queued_messages WHERE chat_id = chats.id) AS "queueDepth",
    (SELECT coalesce(json_agg(json_build_object('snapshotVersion', snapshot_version, 'transitions', transitions,
        'from', from_state::text, 'to', to_state::text, 'generationAttempt', generation_attempt, 'queueDepth', queue_depth,
        'workerId', worker_id, 'previousWorkerId', previous_worker_id) ORDER BY id), '[]')
     FROM chat_events WHERE chat_id = chats.id) AS events
  FROM chats`;

export async function eventViolations(pool: Pool): Promise<Violation[]> {
  const { rows } = await pool.query<Kept>(KEPT);
  return rows.flatMap((chat) => problemsOf(chat).map((what) => ({ chatId: chat.id, what: `its events ${what}` })));
}

/** Number of events, for the report. */
export async function eventCount(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int FROM chat_events');
  return rows[0]?.count ?? 0;
}

function problemsOf({ id: _id, status, archived, workerId, events, ...chat }: Kept): string[] {
  const versions = events.map(({ snapshotVersion }) => snapshotVersion);
  const wanted = Array.from({ length: chat.snapshotVersion }, (_, place) => place + 1);
  if (versions.join() !== wanted.join()) return [`have the versions ${versions} and not 1 to ${chat.snapshotVersion}`];
  const unknown = events.filter(({ transitions }) => transitions.length === 0);
  const reached = replay(
    events.map(({ from, to, ...event }) => ({
      ...event,
      fromState: from === null ? null : (STATE_OF_CODE[from] ?? null),
      toState: STATE_OF_CODE[to] ?? 'INVALID',
    })),
  );
  const state = executionState({ status, archived, queueDepth: chat.queueDepth });
  const row = JSON.stringify({ state, ...chat, contradicted: [] }, keysInOrder);
  const replayed = JSON.stringify(reached, keysInOrder);
  const owner = events.reduce<string | null>(
    (before, event) => (event.workerId || event.previousWorkerId ? event.workerId : before),
    null,
  );
  return [
    ...(row === replayed ? [] : [`lead to ${replayed} and not to ${row}`]),
    ...(owner === workerId ? [] : [`lead to the owner ${owner} and not to ${workerId}`]),
    ...unknown.map(({ snapshotVersion }) => `do not say what made version ${snapshotVersion}`),
  ];
}

const keysInOrder = ['state', 'snapshotVersion', 'generationAttempt', 'queueDepth', 'contradicted'];
