/** `acquire`: takes runnable chats that nobody drives, several in one transaction. */
import type { Pool } from 'pg';
import { CHAT_COLUMNS, type ChatState, IS_RUNNABLE, NOTIFY_UPDATE } from './chatState.ts';
import { inTransaction } from './transaction.ts';

/** Nobody drives it: no owner, an owner without runner, or a runner without a fresh heartbeat. $1: seconds. */
const FREE = `
  ${IS_RUNNABLE} AND (chats.worker_id IS NULL OR chats.runner_id IS NULL OR NOT EXISTS (
    SELECT FROM chat_heartbeats beat
    WHERE beat.chat_id = chats.id AND beat.runner_id = chats.runner_id
      AND beat.heartbeat_at >= now() - $1 * interval '1 second'))`;

const CANDIDATES = `SELECT chats.id FROM chats WHERE ${FREE} ORDER BY chats.updated_at LIMIT $2 FOR UPDATE SKIP LOCKED`;

/** Checks again with the lock held: a candidate's heartbeat may have been renewed between the look and the lock. */
const TAKE = `
  UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid(),
    snapshot_version = snapshot_version + 1, updated_at = now()
  WHERE chats.id = ANY ($3::uuid[]) AND ${FREE}
  RETURNING ${CHAT_COLUMNS}`;

const BEAT = `
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, runner_id, now() FROM chats WHERE id = ANY ($1::uuid[])`;

const NOTIFY = `SELECT ${NOTIFY_UPDATE} FROM chats WHERE id = ANY ($1::uuid[])`;

export interface Acquired {
  /** The chats that now belong to this worker, each with a runner id of its own; at most as many as were asked for. */
  readonly chats: ChatState[];
  /** Whether there may be more: also when others were faster with some of these. */
  readonly more: boolean;
}

export function acquireChats(
  pool: Pool,
  { workerId, staleAfterSeconds, limit }: { workerId: string; staleAfterSeconds: number; limit: number },
): Promise<Acquired> {
  return inTransaction(pool, async (tx) => {
    const candidates = await tx.query<{ id: string }>(CANDIDATES, [staleAfterSeconds, limit]);
    const ids = candidates.rows.map((row) => row.id);
    if (ids.length === 0) return { chats: [], more: false };
    const { rows: taken } = await tx.query<ChatState>(TAKE, [staleAfterSeconds, workerId, ids]);
    const takenIds = taken.map((chat) => chat.id);
    await tx.query(BEAT, [takenIds]);
    await tx.query(NOTIFY, [takenIds]);
    return { chats: taken, more: ids.length === limit };
  });
}
