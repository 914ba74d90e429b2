/** The release of chats other than one by one: `abandon` for many at once when a worker drains, and a lease alone. */
import type { Pool } from 'pg';
import { countedUp, IS_RUNNABLE } from './chatState.ts';
import { toldByWorker } from './events.ts';
import { leasesGone, UNOWNED } from './givenUp.ts';

const AT_ONCE = 500;

/** SQL that sends `chat_update` at the commit, over a row with the chat's `id` and `snapshot_version`. */
const NOTIFY_UPDATE = `
  pg_notify('chat_update', json_build_object('chat_id', id, 'snapshot_version', snapshot_version)::text)`;

/** Statement for the release. A held row or lease is passed over: it must not keep the others waiting. */
const RELEASE = `
  WITH mine AS (
    SELECT id, runner_id FROM chats WHERE worker_id = $1 AND runner_id <> ALL ($2::uuid[]) ORDER BY id LIMIT ${AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED
  ), released AS (
    UPDATE chats SET ${UNOWNED},
      snapshot_version = ${countedUp('snapshot_version')}, updated_at = now()
    FROM mine, ${toldByWorker('abandon')} WHERE chats.id = mine.id
    RETURNING chats.id, chats.snapshot_version,
      ${IS_RUNNABLE} AS runnable
  ), ${leasesGone('mine ON mine.id = beat.chat_id AND mine.runner_id = beat.runner_id')}
  SELECT id, ${NOTIFY_UPDATE},
    CASE WHEN runnable THEN pg_notify('chat_ownership', id::text) END
  FROM released`;

/**
 * @param kept runners whose chats the worker keeps
 * @returns ids of the chats that the worker no longer owns, without those that were locked
 */
export async function releaseChats(pool: Pool, workerId: string, kept: readonly string[] = []): Promise<Set<string>> {
  const released = new Set<string>();
  for (;;) {
    const { rows } = await pool.query<{ id: string }>(RELEASE, [workerId, kept]);
    for (const { id } of rows) released.add(id);
    if (rows.length === 0) return released;
  }
}

export async function dropLease(pool: Pool, chatId: string, runnerId: string): Promise<void> {
  await pool.query('DELETE FROM chat_heartbeats WHERE chat_id = $1 AND runner_id = $2', [chatId, runnerId]);
}
