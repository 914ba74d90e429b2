/**
 * A handler that somebody who knows both halves would write by hand for three questions: `pg` with one prepared statement each,
 * one request to each owner, and nothing else. It has no schema, identity, limits, errors or time limits.
 */
import { once } from 'node:events';
import pg from 'pg';
import { Agent } from 'undici';
import { answerAll } from '../support/answeringProcess.ts';

/** What the process is sent first. */
export interface HandlerSpec {
  readonly databaseUrl: string;
  /** By the query of the client: which statement answers it, and what the owners are asked. */
  readonly calls: Readonly<Record<string, { readonly statement: StatementName; readonly runtime: string | null }>>;
  /** Secret of callers' tokens, if it answers behind our edge. */
  readonly authSecret?: string;
}

export type StatementName = keyof typeof STATEMENTS;

/** The state's name; a running chat that is not archived. */
const STATE = `CASE c.status WHEN 'running' THEN 'R' WHEN 'interrupting' THEN 'I' WHEN 'requires_action' THEN 'A' WHEN 'error' THEN 'E' ELSE 'W' END
  || CASE WHEN c.status = 'waiting' THEN '' WHEN EXISTS (SELECT FROM chat_queued_messages AS q WHERE q.chat_id = c.id) THEN '1' ELSE '0' END`;
const HEARTBEAT_AGE = `extract(epoch FROM now() - h.heartbeat_at)::float8`;
const JOINED = `chats AS c LEFT JOIN chat_heartbeats AS h ON h.chat_id = c.id AND h.runner_id = c.runner_id
  LEFT JOIN replicas AS r ON r.id = c.worker_id`;

const STATEMENTS = {
  field: `SELECT ${STATE} AS state FROM chats AS c WHERE c.id = $1`,
  snapshot: `SELECT ${STATE} AS state, c.id, c.status, c.archived, c.generation_attempt, c.snapshot_version, c.history_version,
      c.worker_id, c.runner_id, c.last_error, c.retry_state, c.requires_action_deadline_at, c.created_at, c.updated_at,
      (SELECT count(*)::int FROM chat_queued_messages AS q WHERE q.chat_id = c.id) AS queue_depth,
      h.heartbeat_at, ${HEARTBEAT_AGE} AS heartbeat_age, r.relay_address, counts.of
    FROM ${JOINED} CROSS JOIN LATERAL (
      SELECT json_agg(json_build_array(role, deleted, count)) AS of FROM (
        SELECT m.role, m.deleted, count(*) FROM chat_messages AS m WHERE m.chat_id = c.id GROUP BY m.role, m.deleted) AS kind
    ) AS counts
    WHERE c.id = $1`,
  fifty: `SELECT ${STATE} AS state, c.id, c.status, c.owner_id, c.worker_id, c.runner_id, c.snapshot_version, c.history_version, c.updated_at,
      (SELECT count(*)::int FROM chat_queued_messages AS q WHERE q.chat_id = c.id) AS queue_depth,
      ${HEARTBEAT_AGE} AS heartbeat_age, r.relay_address
    FROM ${JOINED} WHERE c.id = ANY($1::uuid[])`,
} as const;

const STALE_AFTER_SECONDS = 30;

type Row = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly worker_id: string;
  relay_address: string;
};

const [{ databaseUrl, calls, authSecret }] = (await once(process, 'message')) as [HandlerSpec];
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const agent = new Agent({ connections: 64 });

async function askOwner(origin: string, query: string, chats: readonly Row[]): Promise<unknown[]> {
  const representations = chats.map(({ id, worker_id }) => ({
    __typename: 'ChatRuntime',
    chatId: id,
    workerId: worker_id,
  }));
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ query, variables: { representations } });
  const response = await agent.request({ origin, path: '/graphql', method: 'POST', headers, body });
  const { data } = (await response.body.json()) as { data: { _entities: object[] } };
  return data._entities.map((runtime) => ({ ...runtime, reachability: { status: 'OK', reason: null } }));
}

/** By chat. */
async function runtimes(query: string, rows: readonly Row[]): Promise<Map<string, unknown>> {
  const byOwner = new Map<string, Row[]>();
  for (const row of rows) {
    const chats = byOwner.get(row.relay_address);
    if (chats) chats.push(row);
    else byOwner.set(row.relay_address, [row]);
  }
  const found = new Map<string, unknown>();
  const asked = [...byOwner].map(async ([origin, chats]) => {
    for (const [i, runtime] of (await askOwner(origin, query, chats)).entries()) found.set(chats[i]?.id ?? '', runtime);
  });
  await Promise.all(asked);
  return found;
}

const heartbeatOf = (row: Row) => ({
  ageSeconds: row.heartbeat_age,
  isStale: Number(row.heartbeat_age) > STALE_AFTER_SECONDS,
});

function messageStats(kinds: readonly (readonly [role: string, isDeleted: boolean, count: number])[]) {
  const sum = (some: typeof kinds) => some.reduce((total, [, , count]) => total + count, 0);
  const byRole = kinds.filter(([, isDeleted]) => !isDeleted).map(([role, , count]) => ({ role, count }));
  byRole.sort((a, b) => (a.role < b.role ? -1 : 1));
  return { total: sum(kinds), deleted: sum(kinds.filter(([, isDeleted]) => isDeleted)), byRole };
}

const snapshotOf = (row: Row, runtime: unknown) => ({
  executionState: row.state,
  database: {
    ...{ status: row.status, archived: row.archived, generationAttempt: row.generation_attempt },
    ...{ snapshotVersion: row.snapshot_version, historyVersion: row.history_version },
    ...{ workerId: row.worker_id, runnerId: row.runner_id, lastError: row.last_error, retryState: row.retry_state },
    requiresActionDeadlineAt: row.requires_action_deadline_at,
    ...{ createdAt: row.created_at, updatedAt: row.updated_at, queueDepth: row.queue_depth },
    heartbeat: { runnerId: row.runner_id, heartbeatAt: row.heartbeat_at, ...heartbeatOf(row) },
    messageStats: messageStats(row.of as Parameters<typeof messageStats>[0]),
  },
  runtime,
});

const oneOfFifty = (row: Row, runtime: unknown) => ({
  chatId: row.id,
  executionState: row.state,
  database: {
    ...{ status: row.status, ownerId: row.owner_id, workerId: row.worker_id, runnerId: row.runner_id },
    ...{ snapshotVersion: row.snapshot_version, historyVersion: row.history_version },
    ...{ queueDepth: row.queue_depth, updatedAt: row.updated_at, heartbeat: heartbeatOf(row) },
  },
  runtime,
});

async function handle(body: string): Promise<string> {
  const { query, variables } = JSON.parse(body) as { query: string; variables: { chat?: string; chats?: string[] } };
  const call = calls[query];
  if (!call) throw new Error('It answers only the queries that it was written for.');
  const { statement, runtime } = call;
  const values = [variables.chat ?? variables.chats];
  const { rows } = await pool.query<Row>({ name: statement, text: STATEMENTS[statement], values });
  if (runtime === null) return JSON.stringify({ data: { chatDebugSnapshot: { executionState: rows[0]?.state } } });
  const found = await runtimes(runtime, rows);
  if (variables.chat) {
    const [row] = rows;
    return JSON.stringify({ data: { chatDebugSnapshot: row ? snapshotOf(row, found.get(row.id)) : null } });
  }
  const byId = new Map(rows.map((row) => [row.id, row]));
  const chats = (variables.chats ?? []).map((id) => {
    const row = byId.get(id);
    return row ? oneOfFifty(row, found.get(id)) : null;
  });
  return JSON.stringify({ data: { chatDebugSnapshots: chats } });
}

await answerAll(handle, authSecret);
