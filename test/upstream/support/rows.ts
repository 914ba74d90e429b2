/** Rows of a Coder deployment: its replicas, and chats in any state, with ages instead of moments. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { isMoved } from '../tables.ts';

/** The replicas of the deployment: two that work, one that has stopped, and a workspace proxy. `unknown` is in no row. */
export const REPLICAS = {
  first: '11111111-1111-4111-8111-111111111111',
  second: '22222222-2222-4222-8222-222222222222',
  stopped: '33333333-3333-4333-8333-333333333333',
  proxy: '44444444-4444-4444-8444-444444444444',
  unknown: '55555555-5555-4555-8555-555555555555',
} as const;
export type ReplicaName = keyof typeof REPLICAS;

export const PERSON = '66666666-6666-4666-8666-666666666666';

/** A chat with everything that hangs on it. What is left out: running, changed 5 s ago, without a worker. */
export interface Chat {
  readonly status?: string;
  /** Seconds since its row changed. */
  readonly age?: number;
  readonly archived?: boolean;
  readonly worker?: ReplicaName;
  /** False: a worker without a runner. */
  readonly hasRunner?: boolean;
  /** Age of its runner's lease in seconds. Left out: it has none. */
  readonly lease?: number;
  /** Ages of its queued messages in seconds, head first. */
  readonly queued?: readonly number[];
  /** Seconds since somebody began to edit the head of its queue. */
  readonly editing?: number;
  /** Started by another chat, which is at rest. */
  readonly isSubagent?: boolean;
  readonly attempt?: number;
  /** The next call of the model is due in so many seconds. */
  readonly retry?: { readonly attempt: number; readonly dueIn: number };
  readonly lastError?: object;
  /** Seconds until the deadline for a result of a tool. */
  readonly deadline?: number;
  readonly isCompacting?: boolean;
  /** Its messages, the newest as old as its row. Left out: the person's, and an answer where it is at rest. */
  readonly history?: readonly Message[];
  /** Entry of the debug log. */
  readonly debug?: DebugRun;
}

interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly parts: readonly object[];
  readonly visibility?: 'user' | 'model' | 'both';
  readonly compressed?: boolean;
}

interface DebugRun {
  readonly kind?: string;
  readonly status: string;
  /** Ages in seconds: since it began, since it or its step was written to, and since it ended. */
  readonly began: number;
  readonly written: number;
  readonly ended?: number;
}

export const text = (role: Message['role'], words: string): Message => ({
  role,
  parts: [{ type: 'text', text: words }],
});
export const call = (tool: string, id = 'call_1'): Message => ({
  ...{ role: 'assistant', parts: [{ type: 'tool-call', tool_call_id: id, tool_name: tool, args: {} }] },
});
export const result = (tool: string, id = 'call_1'): Message => ({
  ...{ role: 'tool', parts: [{ type: 'tool-result', tool_call_id: id, tool_name: tool, result: { ok: true } }] },
});

/** Words that somebody wrote, and that must never leave the database. */
export const SECRET_WORDS = 'the person’s own words';
const QUESTION = text('user', SECRET_WORDS);
const ANSWER = text('assistant', 'an answer');
const AT_REST = ['waiting', 'error'];

/** The replicas, as the official build writes them. A relay address may be empty. */
export async function insertReplicas(pool: pg.Pool): Promise<void> {
  const insert = (id: string, hostname: string, address: string, isPrimary: boolean, stopped: boolean) =>
    pool.query(
      `INSERT INTO replicas (id, created_at, started_at, stopped_at, updated_at, hostname, region_id, relay_address,
         database_latency, version, "primary", cluster_host, nats_port)
       VALUES ($1, now() - interval '1 hour', now() - interval '1 hour', CASE WHEN $5 THEN now() - interval '10 minutes' END,
         CASE WHEN $5 THEN now() - interval '10 minutes' ELSE now() - interval '3 seconds' END, $2, 0, $3, 900, 'v2.38.0', $4, '', 0)`,
      [id, hostname, address, isPrimary, stopped],
    );
  await insert(REPLICAS.first, 'coder-0', 'http://10.0.0.1:3000', true, false);
  await insert(REPLICAS.second, 'coder-1', '', true, false);
  await insert(REPLICAS.stopped, 'coder-2', 'http://10.0.0.3:3000', true, true);
  await insert(REPLICAS.proxy, 'proxy-paris', 'http://10.0.0.4:3000', false, false);
}

const ago = (seconds: number | undefined) => (seconds === undefined ? null : `${-seconds} seconds`);

/** @returns the id of the chat */
export async function insertChat(pool: pg.Pool, chat: Chat, { movesVersions = false } = {}): Promise<string> {
  const { status = 'running', age = 5, worker, lease, queued = [] } = chat;
  const id = randomUUID();
  const runner = worker && chat.hasRunner !== false ? randomUUID() : null;
  const parent = chat.isSubagent ? await insertChat(pool, { status: 'waiting' }, { movesVersions }) : null;
  const history = chat.history ?? (AT_REST.includes(status) ? [QUESTION, ANSWER] : [QUESTION]);
  await pool.query(
    `INSERT INTO users (id, username, name, email) VALUES ($1, 'ada', 'Ada', 'ada@example.com') ON CONFLICT DO NOTHING`,
    [PERSON],
  );
  const retry = chat.retry
    ? (await pool.query<{ at: Date }>('SELECT now() + $1::interval AS at', [`${chat.retry.dueIn} seconds`])).rows[0]
    : undefined;
  const versions = {
    ...{ snapshot_version: 12, history_version: 9, queue_version: queued.length > 0 ? 11 : 0, retry_state_version: 0 },
    generation_attempt: chat.attempt ?? chat.retry?.attempt ?? (AT_REST.includes(status) ? 0 : 1),
    retry_state:
      retry && chat.retry
        ? {
            attempt: chat.retry.attempt,
            delay_ms: 300_000,
            error: 'the model is busy',
            kind: 'overloaded',
            provider: 'anthropic',
            status_code: 529,
            retrying_at: retry.at.toISOString(),
          }
        : null,
    ...(retry && { retry_state_version: 12 }),
  };
  const row = {
    ...{ id, owner_id: PERSON, organization_id: randomUUID(), last_model_config_id: randomUUID(), title: 'a chat' },
    ...{ status, archived: chat.archived ?? false, worker_id: worker ? REPLICAS[worker] : null, runner_id: runner },
    ...{ parent_chat_id: parent, root_chat_id: parent, last_error: chat.lastError ?? null },
    ...versions,
  };
  await insertRow(pool, 'chats', movesVersions ? withoutMoved(row) : row);
  if (movesVersions) await insertRow(pool, 'chat_versions', { chat_id: id, ...versions });
  for (const { role, parts, visibility = 'both', compressed = false } of history) {
    await pool.query(
      `INSERT INTO chat_messages (chat_id, role, content, content_version, visibility, compressed, created_at)
       VALUES ($1, $2, $3, 1, $4, $5, now() + $6::interval)`,
      [id, role, JSON.stringify(parts), visibility, compressed, ago(age)],
    );
  }
  for (const [i, seconds] of queued.entries()) {
    const { rows } = await pool.query<{ id: string }>(
      `INSERT INTO chat_queued_messages (chat_id, content, created_by, created_at)
       VALUES ($1, $2, $3, now() + $4::interval) RETURNING id`,
      [id, JSON.stringify(QUESTION.parts), PERSON, ago(seconds)],
    );
    if (i === 0 && chat.editing !== undefined) {
      await pool.query('UPDATE chat_queued_messages SET editing_since = now() + $2::interval WHERE id = $1', [
        ...[rows[0]?.id, ago(chat.editing)],
      ]);
    }
  }
  if (runner !== null && lease !== undefined) {
    await pool.query('INSERT INTO chat_heartbeats VALUES ($1, $2, now() + $3::interval)', [id, runner, ago(lease)]);
  }
  if (chat.debug) await insertDebugRun(pool, id, chat.debug);
  await pool.query(
    `UPDATE chats SET created_at = now() - interval '1 day', updated_at = now() + $2::interval,
       requires_action_deadline_at = now() + $3::interval, compaction_requested_at = now() + $4::interval WHERE id = $1`,
    [
      id,
      ago(age),
      chat.deadline === undefined ? null : `${chat.deadline} seconds`,
      chat.isCompacting ? ago(age) : null,
    ],
  );
  return id;
}

const withoutMoved = (row: object) => Object.fromEntries(Object.entries(row).filter(([name]) => !isMoved(name)));

async function insertRow(pool: pg.Pool, table: string, row: object): Promise<void> {
  const names = Object.keys(row);
  const values = Object.values(row).map((value) =>
    value !== null && typeof value === 'object' ? JSON.stringify(value) : value,
  );
  const places = names.map((_, i) => `$${i + 1}`);
  await pool.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')})`, values);
}

async function insertDebugRun(pool: pg.Pool, chat: string, run: DebugRun): Promise<void> {
  const { kind = 'chat_turn', status, began, written, ended } = run;
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO chat_debug_runs (chat_id, kind, status, provider, model, started_at, updated_at, finished_at)
     VALUES ($1, $2, $3, 'anthropic', 'a-model', now() + $4::interval, now() + $4::interval, now() + $5::interval) RETURNING id`,
    [chat, kind, status, ago(began), ago(ended)],
  );
  await pool.query(
    `INSERT INTO chat_debug_steps (run_id, chat_id, step_number, operation, status, normalized_request, started_at, updated_at, finished_at)
     VALUES ($1, $2, 1, 'stream', $3, $4, now() + $5::interval, now() + $6::interval, now() + $7::interval)`,
    [rows[0]?.id, chat, status, JSON.stringify({ messages: [SECRET_WORDS] }), ago(began), ago(written), ago(ended)],
  );
}
