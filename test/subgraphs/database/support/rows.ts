/**
 * Rows for tests, written as the owner of the database would. Times are SQL, so that they go by the database's clock.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';

export interface ChatColumns {
  id: string;
  owner_id: string;
  title: string;
  status: string;
  archived: boolean;
  worker_id: string | null;
  runner_id: string | null;
  parent_chat_id: string | null;
  root_chat_id: string | null;
  snapshot_version: string | number;
  retry_state: unknown;
  last_error: unknown;
  /** SQL. */
  updated_at: string;
  /** SQL. */
  requires_action_deadline_at: string;
}

export async function insertChat(pool: pg.Pool, columns: Partial<ChatColumns> = {}): Promise<string> {
  const { updated_at = 'now()', requires_action_deadline_at = 'NULL', ...plain } = columns;
  const values: Record<string, unknown> = { id: randomUUID(), owner_id: randomUUID(), status: 'waiting', ...plain };
  const names = Object.keys(values);
  const parameters = names.map((_, i) => `$${i + 1}`);
  await pool.query(
    `INSERT INTO chats (${names.join(', ')}, updated_at, requires_action_deadline_at)
     VALUES (${parameters.join(', ')}, ${updated_at}, ${requires_action_deadline_at})`,
    Object.values(values),
  );
  return String(values.id);
}

/** A running chat with a fresh lease, owned by a live replica: nothing is wrong with it. */
export async function insertHealthyChat(pool: pg.Pool, columns: Partial<ChatColumns> = {}) {
  const workerId = columns.worker_id ?? (await insertReplica(pool));
  const runnerId = columns.runner_id ?? randomUUID();
  const id = await insertChat(pool, { status: 'running', worker_id: workerId, runner_id: runnerId, ...columns });
  await insertHeartbeat(pool, id, runnerId);
  return { id, workerId, runnerId };
}

/** Queues messages without touching the chat's row or `updated_at`. */
export async function queueMessages(pool: pg.Pool, chatId: string, count: number): Promise<void> {
  await pool.query(
    `INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
     SELECT $1, '{}', i, gen_random_uuid() FROM generate_series(1, $2::int) AS i`,
    [chatId, count],
  );
}

export async function insertMessages(pool: pg.Pool, chatId: string, role: string, count: number, deleted = false) {
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role, deleted)
     SELECT $1, $2::text::chat_message_role, $3 FROM generate_series(1, $4::int)`,
    [chatId, role, deleted, count],
  );
}

/**
 * One message with content, as JSON; undefined: NULL.
 * @param at SQL
 */
export async function insertMessage(pool: pg.Pool, chatId: string, role: string, content?: unknown, at = 'now()') {
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role, content, created_at) VALUES ($1, $2::text::chat_message_role, $3, ${at})`,
    [chatId, role, content === undefined ? null : JSON.stringify(content)],
  );
}

export const text = (words: string) => ({ type: 'text', text: words });

export const call = (toolCallId: string, toolName = 'ask') => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input: { secret: 1 },
});

/** An answer, or that nobody answered. */
export const result = (toolCallId: string, isCancelled = false, toolName = 'ask') => ({
  ...{ type: 'tool-result', toolCallId, toolName },
  output: isCancelled
    ? { type: 'error-text', value: 'cancelled: nobody answered' }
    : { type: 'json', value: 'cancelled' },
});

/** @param at SQL */
export async function insertHeartbeat(pool: pg.Pool, chatId: string, runnerId: string, at = 'now()'): Promise<void> {
  await pool.query(`INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) VALUES ($1, $2, ${at})`, [
    chatId,
    runnerId,
  ]);
}

interface ReplicaColumns {
  id: string;
  error: string;
  /** SQL. */
  updated_at: string;
  /** SQL. */
  started_at: string;
  /** SQL. */
  stopped_at: string;
}

export async function insertReplica(pool: pg.Pool, columns: Partial<ReplicaColumns> = {}): Promise<string> {
  const { id = randomUUID(), error = '', updated_at = 'now()', started_at = 'now()', stopped_at = 'NULL' } = columns;
  await pool.query(
    `INSERT INTO replicas (id, error, hostname, relay_address, version, region_id, updated_at, started_at, stopped_at)
     VALUES ($1, $2, 'host', 'http://127.0.0.1:1/relay', '0.1.0', 7, ${updated_at}, ${started_at}, ${stopped_at})`,
    [id, error],
  );
  return id;
}
