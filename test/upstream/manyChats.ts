/** Many chats of a Coder deployment, as many as somebody wants to list. */
import type pg from 'pg';

const SPREAD_DAYS = 460;

/**
 * Inserts chats by a role that needs no trigger.
 * Nearly all wait, one in twenty is archived, and one in fifty has failed. Sixty run or wait for a tool.
 * Twenty more are paused, where there is such a status.
 */
export async function insertManyChats(
  pool: pg.Pool,
  { chats, users, owned, paused = 0 }: { chats: number; users: number; owned: number; paused?: number },
): Promise<void> {
  await pool.query('ALTER TABLE chats DISABLE TRIGGER ALL');
  await pool.query(
    'INSERT INTO users (id, username) SELECT md5(i::text)::uuid, i::text FROM generate_series(0, $1::int - 1) AS i',
    [users],
  );
  await pool.query(
    `INSERT INTO chats (owner_id, organization_id, last_model_config_id, status, archived, worker_id, runner_id, parent_chat_id, updated_at)
     SELECT md5((i % $2::int)::text)::uuid, md5('o')::uuid, md5('m')::uuid,
       (CASE WHEN i < 40 THEN 'running' WHEN i < 60 THEN 'requires_action' WHEN i < 60 + $4::int THEN 'paused'
         WHEN i % 50 = 0 THEN 'error' ELSE 'waiting' END)::chat_status,
       i >= 60 + $4::int AND i % 20 = 1, CASE WHEN i < $3::int THEN md5('w')::uuid END, CASE WHEN i < $3::int THEN md5('r')::uuid END,
       CASE WHEN i % 7 = 3 THEN md5('p' || i / 70)::uuid END,
       now() - i::int8 * 17 % $1::int8 * (${SPREAD_DAYS} * interval '1 day' / $1::float8)
     FROM generate_series(0, $1::int - 1) AS i`,
    [chats, users, owned, paused],
  );
}
