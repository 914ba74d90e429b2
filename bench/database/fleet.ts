/** A fleet written by SQL alone: nearly all chats at rest, some at work, and always a hundred in trouble. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

export const SUSPECTS = 100;
/** Chats of one user. */
const CHATS_EACH = 10;

/**
 * Statement for chats, equally many of each trouble: no owner, an owner that is gone, no lease, an old status, a queue
 * behind an error.
 */
const CHATS = `
  INSERT INTO chats (owner_id, title, status, archived, worker_id, runner_id, updated_at)
  SELECT md5((i / ${CHATS_EACH})::text)::uuid, CASE WHEN i BETWEEN 40 AND 59 THEN 'no lease' ELSE '' END,
    (CASE WHEN i < 60 THEN 'running' WHEN i < 80 THEN 'paused' WHEN i < 100 THEN 'error' WHEN i < 100 + $2 THEN 'running'
      WHEN i % 50 = 0 THEN 'error' ELSE 'waiting' END)::chat_status,
    i >= 100 + $2 AND i % 20 = 1,
    CASE WHEN i < 20 THEN NULL WHEN i < 40 THEN gen_random_uuid() WHEN i < 60 OR i BETWEEN 100 AND 99 + $2 THEN $3::uuid END,
    CASE WHEN i BETWEEN 20 AND 59 OR i BETWEEN 100 AND 99 + $2 THEN gen_random_uuid() END,
    now() + CASE WHEN i < 100 THEN -i * interval '1 s' - interval '1 hour' WHEN i < 100 + $2 THEN interval '1 day' - i % 50 * interval '1 s' ELSE -i * interval '2 s' END
  FROM generate_series(0, $1 - 1) AS i`;

/** These and the chats at work stay young for as long as the bench runs. */
const LEASES = `
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, runner_id, now() + interval '1 day' FROM chats WHERE worker_id = $1 AND title <> 'no lease'`;

const QUEUES = `
  INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
  SELECT id, '{}', 1, id FROM (SELECT id FROM chats WHERE status = 'error' ORDER BY updated_at DESC LIMIT 20) AS errored`;

export async function fillFleet(pool: Pool, chats: number, atWork: number): Promise<void> {
  const workerId = randomUUID();
  await pool.query('TRUNCATE chats, replicas CASCADE');
  await pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'h', 'http://127.0.0.1:1', '1')`,
    [workerId],
  );
  await pool.query(CHATS, [chats, atWork, workerId]);
  await pool.query(LEASES, [workerId]);
  await pool.query(QUEUES);
  await pool.query('VACUUM ANALYZE');
}
