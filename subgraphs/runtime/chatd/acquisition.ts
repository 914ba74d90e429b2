/**
 * The transition `acquire`: takes runnable chats that nobody drives, several in one transaction.
 *
 * 1. Chats without owner or runner are taken in one round trip. Their own rows, once locked, say whether they are free.
 * 2. Chats whose owner seems to be gone are locked, looked at again by a new statement, and taken.
 * 3. If one cannot be taken, the candidates are taken one by one, so that it costs only itself.
 */
import pg, { type Pool, type PoolClient } from 'pg';
import { CHAT_COLUMNS, type ChatState, countedUp, IS_RUNNABLE } from './chatState.ts';
import { isOfAll, mayPass, tookLong } from './databaseFailure.ts';
import { toldByWorker, WRITES_EVENTS } from './events.ts';
import { limitedTo } from './limited.ts';
import { inTransaction } from './transaction.ts';

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

const LOCK_CANDIDATES = `
  WITH ${CANDIDATES}
  SELECT id AS "chatId", owner_id AS "ownerId", ${limitedTo(TOGETHER_LIMIT_MS)} FROM found`;

const LOCK = `SELECT id, ${limitedTo(ONE_LIMIT_MS)} FROM chats WHERE id = $1 FOR UPDATE SKIP LOCKED`;

const IS_FREE = `SELECT FROM chats WHERE chats.id = $3 AND ${FREE}`;

/**
 * Statement that takes chats. It checks again with the lock held: a candidate's heartbeat may have been renewed
 * meanwhile.
 */
const TAKE = `
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
const TAKE_UNDRIVEN = `
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

const BEAT = `
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, runner_id, now() FROM chats WHERE id = ANY ($1::uuid[])`;

interface Acquisition {
  readonly workerId: string;
  readonly staleAfterSeconds: number;
  /** Seconds by which a heartbeat or a row may be ahead of the database's clock. */
  readonly clockAheadSeconds: number;
  /** Number of chats at most. */
  readonly limit: number;
  /** Chats to pass over. */
  readonly except: readonly string[];
  /** Chats that the worker drives: however old their leases look, it does not take them from itself. */
  readonly held?: readonly string[];
  /** True: chats with an owner and a runner are left to them, however their leases look. */
  readonly undrivenOnly?: boolean;
  /** Refused chats among those, to be tried one by one, after the others. */
  readonly apart?: readonly Candidate[];
  /** Called with chats as soon as they are this worker's, whatever becomes of the others. */
  readonly onTaken?: (chats: readonly ChatState[]) => void;
}

interface Acquired {
  /** Chats that now belong to this worker, each with a runner id of its own; at most as many as were asked for. */
  readonly chats: readonly ChatState[];
  /** True if there may be more, also when others were faster with some of these. */
  readonly more: boolean;
  /** Chats that nobody can take, to be passed over for a while. */
  readonly refused: readonly Refusal[];
  /** Chats that were not tried, or that somebody else has locked. */
  readonly left: readonly string[];
}

interface Candidate {
  readonly chatId: string;
  /** User whose chat it is. */
  readonly ownerId: string;
}

interface Refusal extends Candidate {
  readonly error: unknown;
}

/** Takes chats. */
export async function acquireChats(pool: Pool, asked: Acquisition): Promise<Acquired> {
  const { limit, onTaken } = asked;
  const quick = await takeUndriven(pool, asked);
  if (quick.chats.length > 0) onTaken?.(quick.chats);
  const rest = { ...asked, limit: limit - quick.chats.length };
  const isOver = quick.isWhole || asked.undrivenOnly;
  const done = isOver ? await takeRefused(pool, rest) : await takeLooking(pool, rest);
  const more = quick.isWhole ? quick.candidates === limit : done.more;
  return { ...done, chats: [...quick.chats, ...done.chats], more };
}

interface Undriven {
  readonly chats: readonly ChatState[];
  readonly candidates: number;
  /** False if there are candidates besides the taken ones, or nobody knows. */
  readonly isWhole: boolean;
}

async function takeUndriven(pool: Pool, asked: Acquisition): Promise<Undriven> {
  const { workerId, staleAfterSeconds, clockAheadSeconds, limit, except } = asked;
  const values = [staleAfterSeconds, clockAheadSeconds, limit, `{${except.join()}}`, workerId];
  const text = TAKE_UNDRIVEN.replaceAll(/\$(\d)/g, (_place, number) => pg.escapeLiteral(String(values[number - 1])));
  try {
    // Two statements without parameters: the driver returns the results of both.
    const [, { rows }] = (await pool.query(text)) as unknown as [unknown, { rows: (ChatState & Found)[] }];
    const chats = rows.filter(({ id }) => id !== null).map(({ candidates: _all, ...chat }) => chat);
    const candidates = rows[0]?.candidates ?? 0;
    return { chats, candidates, isWhole: candidates === chats.length };
  } catch (error) {
    if (isOfAll(error)) throw error;
    return { chats: [], candidates: 0, isWhole: false };
  }
}

interface Found {
  readonly candidates: number;
}

const takeRefused = async (pool: Pool, asked: Acquisition): Promise<Acquired> => ({
  ...acquired(await takeApart(pool, asked.apart ?? [], asked.limit, asked)),
  more: false,
});

async function takeLooking(pool: Pool, asked: Acquisition): Promise<Acquired> {
  const { staleAfterSeconds, clockAheadSeconds, limit, except, held = [], apart = [], onTaken } = asked;
  let candidates: Candidate[] = [];
  let together: ChatState[];
  try {
    together = await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<Candidate>(LOCK_CANDIDATES, [
        staleAfterSeconds,
        clockAheadSeconds,
        limit,
        [...except, ...held],
      ]);
      candidates = rows.map(({ chatId, ownerId }) => ({ chatId, ownerId }));
      const ids = candidates.map(({ chatId }) => chatId);
      return take(tx, ids, asked);
    });
  } catch (error) {
    if (candidates.length === 0 || isOfAll(error)) throw error;
    // The newest come first: a chat that cannot be taken stands before them for as long as it exists.
    const done = await takeApart(pool, [...candidates.reverse(), ...apart], limit, asked);
    const more = candidates.length === limit || candidates.some(({ chatId }) => done.untried.has(chatId));
    const [first] = done.refused;
    // If no chat at all can be taken, the database itself is at fault, and no chat is to be passed over.
    const isOfDatabase = done.refused.every(({ error }) => mayPass(error) && !tookLong(error));
    if (first && done.chats.length === 0 && isOfDatabase && !more) throw first.error;
    return { ...acquired(done), more };
  }
  if (together.length > 0) onTaken?.(together);
  const done = await takeApart(pool, apart, limit - together.length, asked);
  return { ...acquired(done), chats: [...together, ...done.chats], more: candidates.length === limit };
}

/** Number of chats that may take too long at a time; no other is taken meanwhile. */
const MOST_LATE = 3;

interface Apart {
  readonly chats: ChatState[];
  readonly refused: Refusal[];
  readonly locked: Set<string>;
  readonly untried: Set<string>;
}

const acquired = ({ chats, refused, locked, untried }: Apart) => ({ chats, refused, left: [...locked, ...untried] });

/** @throws the error that keeps every chat from being taken, if none was */
async function takeApart(pool: Pool, candidates: readonly Candidate[], limit: number, asked: Acquisition) {
  const done: Apart = { chats: [], refused: [], locked: new Set(), untried: new Set() };
  let late = 0;
  let isOver = false;
  for (const candidate of candidates) {
    const { chatId } = candidate;
    isOver ||= late === MOST_LATE || done.chats.length >= limit;
    if (isOver) done.untried.add(chatId);
    if (isOver) continue;
    try {
      const taken = await takeOne(pool, chatId, asked);
      if (taken === 'locked') done.locked.add(chatId);
      else done.chats.push(...taken);
      if (taken !== 'locked' && taken.length > 0) asked.onTaken?.(taken);
    } catch (error) {
      if (isOfAll(error) && done.chats.length + done.refused.length === 0) throw error;
      isOver = isOfAll(error);
      if (isOver) done.untried.add(chatId);
      else done.refused.push({ ...candidate, error });
      if (tookLong(error)) late += 1;
    }
  }
  return done;
}

const takeOne = (pool: Pool, chatId: string, asked: Acquisition): Promise<ChatState[] | 'locked'> =>
  inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(LOCK, [chatId]);
    if (rows.length > 0) return take(tx, [chatId], asked);
    const free = await tx.query(IS_FREE, [asked.staleAfterSeconds, asked.clockAheadSeconds, chatId]);
    return free.rows.length > 0 ? 'locked' : [];
  });

/** Takes chats whose rows are locked by this transaction. */
async function take(tx: PoolClient, ids: readonly string[], asked: Acquisition): Promise<ChatState[]> {
  if (ids.length === 0) return [];
  const { staleAfterSeconds, clockAheadSeconds, workerId } = asked;
  const { rows } = await tx.query<ChatState>(TAKE, [staleAfterSeconds, clockAheadSeconds, workerId, ids]);
  await tx.query(BEAT, [rows.map((chat) => chat.id)]);
  return rows;
}
