/** Fifty chats at work on three replicas, with leases, messages and queues. The time of the database stands still, so that all answers are the same. */
import type pg from 'pg';
import { stopTime } from '../../test/support/stoppedTime.ts';
import { FIFTY_CHATS } from '../gateway/shapes.ts';
import type { Stubs } from '../gateway/stubs.ts';

const MESSAGES_EACH = 20;

export async function fill(pool: pg.Pool, replicas: Stubs['replicas']): Promise<void> {
  await pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version)
     SELECT id, 'host', address, '0.1.0' FROM unnest($1::uuid[], $2::text[]) AS replica (id, address)`,
    [replicas.map(({ id }) => id), replicas.map(({ relayAddress }) => relayAddress)],
  );
  await pool.query(
    `INSERT INTO chats (id, owner_id, title, status, worker_id, runner_id)
     SELECT id, gen_random_uuid(), 'a title', 'running', ($2::uuid[])[1 + (i - 1) % 3], gen_random_uuid()
     FROM unnest($1::uuid[]) WITH ORDINALITY AS chat (id, i)`,
    [FIFTY_CHATS.variables.chats, replicas.map(({ id }) => id)],
  );
  await pool.query(`INSERT INTO chat_heartbeats SELECT id, runner_id, now() FROM chats`);
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role, content)
     SELECT id, (ARRAY['user', 'assistant', 'tool'])[1 + i % 3]::chat_message_role, '[]' FROM chats, generate_series(1, $1) AS i`,
    [MESSAGES_EACH],
  );
  await pool.query(
    `INSERT INTO chat_queued_messages (chat_id, content, position, created_by) SELECT id, '[]', 1, owner_id FROM chats`,
  );
  await pool.query('VACUUM ANALYZE');
  await stopTime(pool);
}
