/** The transition `acquire`: takes runnable chats that nobody drives, several in one transaction. */
import type { Pool, PoolClient } from 'pg';
import { CHAT_COLUMNS, type ChatState, countedUp, IS_RUNNABLE } from './chatState.ts';
import { isOfAll, mayPass, tookLong } from './databaseFailure.ts';
import { limitedTo } from './limited.ts';
import { inTransaction } from './transaction.ts';

/**
 * Condition for a chat that nobody drives: no owner, an owner without runner, a stopped owner, or a runner without a
 * fresh heartbeat.
 * $1: seconds from which a heartbeat is stale.
 * $2: seconds ahead of the clock from which one is not believed.
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
  WITH ahead AS (
    SELECT chats.id, chats.owner_id FROM chats
    WHERE ${FREE} AND chats.updated_at > now() + $2 * interval '1 second' AND chats.id <> ALL ($4::uuid[])
    ORDER BY chats.updated_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), others AS (
    SELECT chats.id, chats.owner_id FROM chats
    WHERE ${FREE} AND chats.updated_at <= now() + $2 * interval '1 second' AND chats.id <> ALL ($4::uuid[])
    ORDER BY chats.updated_at LIMIT $3 FOR UPDATE SKIP LOCKED
  )
  SELECT id AS "chatId", owner_id AS "ownerId", ${limitedTo(TOGETHER_LIMIT_MS)} FROM (
    SELECT id, owner_id FROM ahead UNION ALL SELECT id, owner_id FROM others LIMIT $3) found`;

const LOCK = `SELECT id, ${limitedTo(ONE_LIMIT_MS)} FROM chats WHERE id = $1 FOR UPDATE SKIP LOCKED`;

const IS_FREE = `SELECT FROM chats WHERE chats.id = $3 AND ${FREE}`;

/**
 * Statement that takes chats. It checks again with the lock held: a candidate's heartbeat may have been renewed
 * meanwhile.
 */
const TAKE = `
  UPDATE chats SET worker_id = $3, runner_id = gen_random_uuid(),
    snapshot_version = ${countedUp('snapshot_version')}, updated_at = now()
  WHERE chats.id = ANY ($4::uuid[]) AND ${FREE}
  RETURNING ${CHAT_COLUMNS}`;

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

/** Takes chats. If one cannot be taken, the candidates are taken one by one, so that it costs only itself. */
export async function acquireChats(pool: Pool, asked: Acquisition): Promise<Acquired> {
  const { staleAfterSeconds, clockAheadSeconds, limit, except, apart = [], onTaken } = asked;
  let candidates: Candidate[] = [];
  let together: ChatState[];
  try {
    together = await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<Candidate>(CANDIDATES, [staleAfterSeconds, clockAheadSeconds, limit, except]);
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
