/** `acquire`: takes runnable chats that nobody drives, several in one transaction. */
import type { Pool, PoolClient } from 'pg';
import { CHAT_COLUMNS, type ChatState, countedUp, IS_RUNNABLE, NOTIFY_UPDATE } from './chatState.ts';
import { mayBeOfOneRow, mayPass } from './databaseFailure.ts';
import { inTransaction } from './transaction.ts';

/**
 * Nobody drives it: no owner, an owner without runner, an owner that has stopped, or a runner without a fresh heartbeat.
 * $1: seconds from which a heartbeat is stale. $2: seconds from which one lies too far ahead to be believed; that is
 * compared with the time of the look, since a heartbeat may be stamped after the transaction began.
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
 * Those that changed first come first. A row that lies ahead of the clock would come last for as long as there are others,
 * so it comes before them: to be taken sets it right. $3: how many at most. $4: chats to pass over.
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
  SELECT id AS "chatId", owner_id AS "ownerId" FROM ahead
  UNION ALL SELECT id, owner_id FROM others LIMIT $3`;

const LOCK = 'SELECT id FROM chats WHERE id = $1 FOR UPDATE SKIP LOCKED';

/** Checks again with the lock held: a candidate's heartbeat may have been renewed between the look and the lock. */
const TAKE = `
  UPDATE chats SET worker_id = $3, runner_id = gen_random_uuid(),
    snapshot_version = ${countedUp('snapshot_version')}, updated_at = now()
  WHERE chats.id = ANY ($4::uuid[]) AND ${FREE}
  RETURNING ${CHAT_COLUMNS}`;

const BEAT = `
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, runner_id, now() FROM chats WHERE id = ANY ($1::uuid[])`;

const NOTIFY = `SELECT ${NOTIFY_UPDATE} FROM chats WHERE id = ANY ($1::uuid[])`;

export interface Acquisition {
  readonly workerId: string;
  readonly staleAfterSeconds: number;
  /** How far a heartbeat or a row may lie ahead of the database's clock. */
  readonly clockAheadSeconds: number;
  /** How many chats at most. */
  readonly limit: number;
  /** Chats to pass over. */
  readonly except: readonly string[];
}

export interface Acquired {
  /** The chats that now belong to this worker, each with a runner id of its own; at most as many as were asked for. */
  readonly chats: readonly ChatState[];
  /** Whether there may be more: also when others were faster with some of these. */
  readonly more: boolean;
  /** Chats that cannot be taken, whoever tries; to be passed over for a while. */
  readonly refused: readonly Refusal[];
}

interface Candidate {
  readonly chatId: string;
  /** The user whose chat it is. */
  readonly ownerId: string;
}

export interface Refusal extends Candidate {
  readonly error: unknown;
}

/** A chat that cannot be taken costs only itself: then the candidates are taken one by one. */
export async function acquireChats(pool: Pool, asked: Acquisition): Promise<Acquired> {
  const { staleAfterSeconds, clockAheadSeconds, limit, except } = asked;
  let candidates: Candidate[] = [];
  try {
    return await inTransaction(pool, async (tx) => {
      const values = [staleAfterSeconds, clockAheadSeconds, limit, except];
      candidates = (await tx.query<Candidate>(CANDIDATES, values)).rows;
      const ids = candidates.map(({ chatId }) => chatId);
      return { chats: await take(tx, ids, asked), more: ids.length === limit, refused: [] };
    });
  } catch (error) {
    if (candidates.length === 0 || isOfAll(error)) throw error;
    return takeApart(pool, candidates, asked);
  }
}

const isOfAll = (error: unknown): boolean => mayPass(error) && !mayBeOfOneRow(error);

/** Where the database itself is the trouble, each further chat would take as long to fail. */
const MOST_PASSING = 3;

/** The newest come first: what cannot be taken stands before them for as long as it is there. */
async function takeApart(pool: Pool, candidates: readonly Candidate[], asked: Acquisition): Promise<Acquired> {
  const chats: ChatState[] = [];
  const refused: Refusal[] = [];
  const passing: Refusal[] = [];
  for (const candidate of [...candidates].reverse()) {
    try {
      chats.push(...(await takeOne(pool, candidate.chatId, asked)));
    } catch (error) {
      if (isOfAll(error)) break; // those that were taken are this worker's, whatever becomes of the others
      (mayPass(error) ? passing : refused).push({ ...candidate, error });
      if (passing.length === MOST_PASSING) break;
    }
  }
  const [first] = passing;
  if (first && chats.length + refused.length === 0) throw first.error;
  return { chats, more: candidates.length === asked.limit, refused: [...refused, ...passing] };
}

const takeOne = (pool: Pool, chatId: string, asked: Acquisition): Promise<ChatState[]> =>
  inTransaction(pool, async (tx) => {
    const locked = await tx.query<{ id: string }>(LOCK, [chatId]);
    return take(
      tx,
      locked.rows.map(({ id }) => id),
      asked,
    );
  });

/** For rows that are locked. */
async function take(tx: PoolClient, ids: readonly string[], asked: Acquisition): Promise<ChatState[]> {
  if (ids.length === 0) return [];
  const { staleAfterSeconds, clockAheadSeconds, workerId } = asked;
  const { rows } = await tx.query<ChatState>(TAKE, [staleAfterSeconds, clockAheadSeconds, workerId, ids]);
  const takenIds = rows.map((chat) => chat.id);
  await tx.query(BEAT, [takenIds]);
  await tx.query(NOTIFY, [takenIds]);
  return rows;
}
