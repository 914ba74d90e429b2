/** A random fleet of chats for tests and their lists, inserted at once, and judged chat by chat in plain words. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { EXECUTION_STATES, executionState, isRunnable } from '../../../../domain/executionState.ts';
import type { ChatFilter } from '../../../../subgraphs/database/chatConditions.ts';

/** Longer than any test, so that nothing changes its age class meanwhile. */
export const LIMIT_SECONDS = 3600;
const OLD = 2 * LIMIT_SECONDS;

export const OWNERS = [randomUUID(), randomUUID(), randomUUID()] as const;
const REPLICAS = { running: randomUUID(), stopped: randomUUID(), unknown: randomUUID() } as const;
const STATUSES = ['waiting', 'error', 'running', 'interrupting', 'requires_action', 'pending', 'paused', 'dreaming'];

const pick = <const T extends readonly unknown[]>(...values: T) => fc.constantFrom<T[number][]>(...values);

/** A healthy running chat is as likely as trouble, and several chats share a moment. */
const chat = fc.record({
  id: fc.uuid(),
  ownerId: pick(...OWNERS),
  status: fc.oneof(fc.constantFrom(...STATUSES), fc.constant('running')),
  archived: fc.oneof(fc.constant(false), fc.boolean()),
  queued: pick(0, 0, 1, 2),
  replica: pick('running', 'running', 'running', 'stopped', 'unknown', null),
  runnerId: fc.option(fc.uuid(), { freq: 6 }),
  lease: pick('fresh', 'fresh', 'fresh', 'stale', 'of another', null),
  deadline: pick(null, null, 'past', 'ahead'),
  retry: pick(null, null, 'past', 'ahead', 'broken'),
  ageSeconds: pick(1, 2, 2.000001, 3, OLD, OLD + 1),
});
export type DrawnChat = typeof chat extends fc.Arbitrary<infer T> ? T : never;

export const fleets = fc.uniqueArray(chat, { selector: ({ id }) => id, minLength: 1, maxLength: 60 });

export const filters: fc.Arbitrary<ChatFilter> = fc.record(
  {
    status: fc.subarray([...STATUSES, 'no such status']),
    executionState: fc.subarray([...EXECUTION_STATES]),
    workerId: pick(...Object.values(REPLICAS)),
    ownerId: pick(...OWNERS),
    owned: fc.boolean(),
    heartbeat: pick('FRESH', 'STALE', 'MISSING'),
    suspect: fc.oneof(fc.constant(true), fc.boolean()),
  },
  { requiredKeys: [] },
);

const workerOf = ({ replica }: DrawnChat) => (replica === null ? null : REPLICAS[replica]);
const stateOf = ({ queued, ...more }: DrawnChat) => executionState({ ...more, queueDepth: queued });

function heartbeatOf({ runnerId, lease }: DrawnChat): 'FRESH' | 'STALE' | 'MISSING' | undefined {
  if (runnerId === null) return undefined;
  return lease === 'fresh' ? 'FRESH' : lease === 'stale' ? 'STALE' : 'MISSING';
}

function isSuspect(drawn: DrawnChat): boolean {
  const state = stateOf(drawn);
  if (state === 'INVALID' || state === 'E1') return true;
  if (!isRunnable(state)) return false;
  const { status, replica, runnerId, deadline, retry, ageSeconds } = drawn;
  const isUnowned = replica === null || runnerId === null;
  const isAwaited = retry === null || (retry === 'past' && isUnowned);
  if (status === 'running' && !isAwaited) return true; // one is past, one too far ahead, one no time
  if (status === 'requires_action' && deadline === 'past') return true;
  const isLost = isUnowned || heartbeatOf(drawn) !== 'FRESH';
  const hasNoEnd = status === 'requires_action' && deadline === null; // no call is open in any of them
  return ageSeconds > LIMIT_SECONDS && (isLost || hasNoEnd || status !== 'requires_action');
}

export function belongs(drawn: DrawnChat, filter: ChatFilter): boolean {
  const { status, executionState: states, workerId, ownerId, owned, heartbeat, suspect } = filter;
  const state = stateOf(drawn);
  const answers = [
    !status || status.includes(drawn.status),
    !states || states.includes(state),
    !workerId || workerOf(drawn) === workerId,
    !ownerId || drawn.ownerId === ownerId,
    owned === undefined || owned === (drawn.replica !== null),
    !heartbeat || (isRunnable(state) && heartbeatOf(drawn) === heartbeat),
    suspect === undefined || suspect === isSuspect(drawn),
  ];
  return answers.every(Boolean);
}

/** Needs the status `dreaming`. Replaces what was there. */
export async function insertFleet(pool: pg.Pool, drawn: readonly DrawnChat[]): Promise<void> {
  const chats = drawn.map((one) => ({
    ...one,
    workerId: workerOf(one),
    leaseOf: one.lease === 'of another' ? randomUUID() : one.lease && one.runnerId,
    leaseAge: one.lease === 'stale' ? OLD : 0,
    deadlineIn: one.deadline && (one.deadline === 'past' ? -OLD : OLD),
    retryState: one.retry && { retrying_at: RETRY_TIMES[one.retry] },
  }));
  await pool.query('TRUNCATE chats, replicas CASCADE');
  await pool.query(INSERT, [JSON.stringify(chats), REPLICAS.running, REPLICAS.stopped]);
  await pool.query(
    `INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
     SELECT chat.id, '{}', i, chat.id FROM jsonb_to_recordset($1) AS chat (id uuid, queued int), generate_series(1, queued) AS i`,
    [JSON.stringify(chats)],
  );
}

const RETRY_TIMES = { past: '2020-01-01T00:00:00Z', ahead: '2100-01-01T00:00:00Z', broken: 'soon' };

const INSERT = `
  WITH drawn AS (
    SELECT * FROM jsonb_to_recordset($1) AS chat (id uuid, "ownerId" uuid, status chat_status, archived bool, "workerId" uuid,
      "runnerId" uuid, "leaseOf" uuid, "leaseAge" int, "deadlineIn" int, "retryState" jsonb, "ageSeconds" float8)
  ), some_replicas AS (
    INSERT INTO replicas (id, hostname, relay_address, version, stopped_at)
    VALUES ($2::uuid, 'h', 'http://127.0.0.1:1', '1', NULL), ($3::uuid, 'h', 'http://127.0.0.1:1', '1', now())
  ), some_chats AS (
    INSERT INTO chats (id, owner_id, status, archived, worker_id, runner_id, retry_state, requires_action_deadline_at, updated_at)
    SELECT id, "ownerId", status, archived, "workerId", "runnerId", "retryState",
      now() + "deadlineIn" * interval '1 s', now() - "ageSeconds" * interval '1 s' FROM drawn
  )
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, "leaseOf", now() - "leaseAge" * interval '1 s' FROM drawn WHERE "leaseOf" IS NOT NULL`;
