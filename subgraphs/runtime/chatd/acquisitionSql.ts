/** Statements that look for chats that nobody drives, and take them. */
import { CHAT_COLUMNS, countedUp, IS_RUNNABLE } from './chatState.ts';
import { toldByWorker, WRITES_EVENTS } from './events.ts';
import { limitedTo } from './limited.ts';

/**
 * Condition for a chat that nobody drives.
 * It has no owner, an owner without runner, a stopped owner, or a runner without a fresh heartbeat.
 *
 * - $1: seconds from which a heartbeat is stale.
 * - $2: seconds ahead of the clock from which one is not believed.
 *
 * The latter is compared with the time of the look, since a heartbeat may be stamped after the transaction began.
 */
const FREE = `
  ${IS_RUNNABLE} AND (chats.worker_id IS NULL OR chats.runner_id IS NULL OR EXISTS (
    SELECT FROM replicas WHERE replicas.id = chats.worker_id AND replicas.stopped_at IS NOT NULL
  ) OR NOT EXISTS (
    SELECT FROM chat_heartbeats beat
    WHERE beat.chat_id = chats.id AND beat.runner_id = chats.runner_id
      AND beat.heartbeat_at >= now() - $1 * interval '1 second'
      AND beat.heartbeat_at <= clock_timestamp() + $2 * interval '1 second'))`;

/**
 * Milliseconds for taking chats together. After that they are tried one by one, so that one that hangs costs only its
 * own limit.
 */
const TOGETHER_LIMIT_MS = 3_000;
const ONE_LIMIT_MS = 1_000;

/**
 * Statement for candidates, those that changed first at the head. A row ahead of the clock goes before all: being taken
 * sets it right.
 * $3: number of chats at most. $4: chats to pass over.
 */
const CANDIDATES = `
  ahead AS (
    SELECT chats.id, chats.owner_id, chats.worker_id, chats.runner_id FROM chats
    WHERE ${FREE} AND chats.updated_at > now() + $2 * interval '1 second' AND chats.id <> ALL ($4::uuid[])
    ORDER BY chats.updated_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), others AS (
    SELECT chats.id, chats.owner_id, chats.worker_id, chats.runner_id FROM chats
    WHERE ${FREE} AND chats.updated_at <= now() + $2 * interval '1 second' AND chats.id <> ALL ($4::uuid[])
    ORDER BY chats.updated_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), found AS (
    SELECT * FROM ahead UNION ALL SELECT * FROM others LIMIT $3
  )`;

export const LOCK_CANDIDATES = `
  WITH ${CANDIDATES}
  SELECT id AS "chatId", owner_id AS "ownerId", ${limitedTo(TOGETHER_LIMIT_MS)} FROM found`;

export const LOCK = `SELECT id, ${limitedTo(ONE_LIMIT_MS)} FROM chats WHERE id = $1 FOR UPDATE SKIP LOCKED`;

export const IS_FREE = `SELECT FROM chats WHERE chats.id = $3 AND ${FREE}`;

/**
 * Statement that takes chats. It checks again with the lock held: a candidate's heartbeat may have been renewed
 * meanwhile.
 */
export const TAKE = `
  UPDATE chats SET worker_id = $3, runner_id = gen_random_uuid(),
    snapshot_version = ${countedUp('snapshot_version')}, updated_at = now()
  FROM ${toldByWorker('acquire')} WHERE chats.id = ANY ($4::uuid[]) AND ${FREE}
  RETURNING ${CHAT_COLUMNS}`;

/**
 * Statements that take the candidates without owner or runner, and count all candidates.
 * The first sets the limits of the second, which goes with it in one round trip and one transaction.
 * The queue is counted as it was when the statement began. A chat whose queue changed after that, before its row was
 * locked, is left to the slow way.
 */
export const TAKE_UNDRIVEN = `
  SELECT ${limitedTo(TOGETHER_LIMIT_MS)};
  WITH ${CANDIDATES}, taken AS (
    UPDATE chats SET worker_id = $5, runner_id = gen_random_uuid(),
      snapshot_version = ${countedUp('snapshot_version')}, updated_at = now()
    FROM found, ${WRITES_EVENTS} WHERE chats.id = found.id AND (chats.worker_id IS NULL OR chats.runner_id IS NULL)
      AND chats.queue_version = (SELECT queue_version FROM chats AS counted WHERE counted.id = found.id)
    RETURNING chats.*, found.worker_id AS was_worker, found.runner_id AS was_runner, writes_events
  ), beats AS (
    INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) SELECT id, runner_id, now() FROM taken
  ), events AS (
    INSERT INTO chat_events (chat_id, snapshot_version, generation_attempt, queue_depth, by, from_state, to_state,
      worker_id, runner_id, previous_worker_id, previous_runner_id, transitions)
    SELECT id, snapshot_version, generation_attempt, depth, 'w', state, state,
      worker_id, runner_id, was_worker, was_runner, '{acquire}'
    FROM taken CROSS JOIN LATERAL (
      SELECT count(*)::int AS depth FROM chat_queued_messages queued WHERE queued.chat_id = taken.id) AS queue
    CROSS JOIN LATERAL chat_event_state(status::text, archived, depth > 0) AS state
    WHERE writes_events
  )
  SELECT (SELECT count(*)::int FROM found) AS candidates, ${CHAT_COLUMNS}
  FROM (SELECT) one LEFT JOIN taken AS chats ON true`;

export const BEAT = `
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, runner_id, now() FROM chats WHERE id = ANY ($1::uuid[])`;
