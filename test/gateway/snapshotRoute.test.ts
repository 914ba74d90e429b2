import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import type { Inspector, RunnerInspection } from '../../subgraphs/runtime/inspector.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { insertChat, insertHeartbeat, insertMessages, queueMessages } from '../subgraphs/database/support/rows.ts';
import { databasePerFile } from '../support/database.ts';
import { expectDocumented } from '../support/openapi.ts';
import { startDatabase } from './databaseWays.ts';
import { callerToken, type GatewayChanges, gatewayPerFile, gatewaysPerTest, INTERNAL_SECRET } from './gateways.ts';
import { deadUrl, sendJson, serversPerTest } from './httpServers.ts';

const database = databasePerFile();
const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const shared = {
  internalSecret: INTERNAL_SECRET,
  host: '127.0.0.1',
  port: 0,
  clock: systemClock,
  log: makeLogger('test', 'silent'),
};
const LIMITS = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
const subgraph: { current?: RunningServer } = {};
const subgraphUrl = () => ({ url: subgraph.current?.url ?? '' });
const gatewayOfFile = gatewayPerFile(subgraphUrl);

beforeAll(async () => {
  subgraph.current = await startDatabase({ ...shared, ...LIMITS, databaseUrl: database.url });
});
afterAll(() => subgraph.current?.stop());

const started: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

const gateway = (changes?: GatewayChanges) => (changes ? startGateway(subgraphUrl(), changes) : gatewayOfFile());

interface Options {
  method?: string;
  token?: string | null;
  headers?: Record<string, string>;
  /** Query of the URL, with its question mark. */
  query?: string;
}

async function get(
  { url }: { url: string },
  chat: string,
  { method = 'GET', token, headers = {}, query = '' }: Options = {},
) {
  const authorization = token === null ? {} : { authorization: `Bearer ${token ?? (await callerToken())}` };
  const response = await fetch(`${url}/api/experimental/chats/${chat}/debug/snapshot${query}`, {
    method,
    headers: { ...authorization, ...headers },
  });
  const text = await response.text();
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('etag')).toBeNull();
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  if (text) expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const body = text ? JSON.parse(text) : undefined;
  if (method === 'GET') expectDocumented(response.status, body);
  return { status: response.status, headers: response.headers, body };
}

const AT = new Date('2026-11-22T10:00:00.000Z');
const TASK = {
  ...({ id: randomUUID(), kind: 'GENERATION', historyVersion: 2, startedAt: AT, runningSeconds: 1.5 } as const),
  ...{
    cancelledAt: null,
    lastProgressAt: AT,
    secondsSinceProgress: 0.5,
    attempt: 1,
    nextRetryAt: null,
    secondsUntilRetry: null,
    lastError: null,
  },
  ...{ breakOffs: 2, lastBreakOff: 'x', waitsForDatabaseSeconds: 0.5, databaseError: 'LOCKED', label: 'at it' },
  ...{ maxAttempts: 8, progressWithinSeconds: 60 },
};

/** A worker that holds one runner and one buffer for every chat it is asked about; the runner's id is the chat's. */
function inspectorOf(workerId: string): Inspector {
  const runner = (chatId: string): RunnerInspection => ({
    ...{ runnerId: chatId, workerId, chatId, phase: 'RUNNING', startedAt: AT, uptimeSeconds: 2, status: 'running' },
    ...{ snapshotVersion: 2, historyVersion: 2, generationAttempt: 1, lastUpdateAt: AT },
    ...{ activeTaskKind: 'GENERATION', activeTask: TASK, idleSeconds: null, tasks: [TASK] },
    lease: {
      renewedAt: AT,
      ageSeconds: 1,
      intervalSeconds: 9,
      staleAfterSeconds: 30,
      consecutiveFailures: 0,
      lastError: null,
    },
  });
  const buffer = {
    ...{ historyVersion: 2, generationAttempt: 1, partsBuffered: 3, bytesBuffered: 40, capacityBytes: 1_048_576 },
    ...{ partsDropped: 0, subscriberCount: 1, isClosed: false, openedAt: AT, lastPartAt: AT, closedAt: null },
  };
  const loop = { lastRunAt: null, lastError: null, consecutiveFailures: 0, intervalSeconds: 5 };
  const loops = { acquisition: loop, heartbeats: loop, databaseSync: loop };
  return {
    workerId,
    inspectChat: (chatId) => ({ observedAt: AT, runners: [runner(chatId)], messageBuffers: [buffer] }),
    inspectReplica: () => ({
      startedAt: AT,
      runnerCount: 1,
      capacity: 9,
      isFull: false,
      bufferCount: 1,
      bufferBytes: 40,
      ...loops,
    }),
    inspectRunners: () => [],
    follow: async function* () {},
  };
}

async function insertReplica(relayAddress: string, id = randomUUID() as string, stopped = false): Promise<string> {
  await database.pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version, stopped_at)
     VALUES ($1, 'host', $2, '0.1.0', CASE WHEN $3 THEN now() END)`,
    [id, relayAddress, stopped],
  );
  return id;
}

/** The id of a running replica. */
async function addReplica(): Promise<string> {
  const id = randomUUID();
  const server = await startRuntimeSubgraph({ ...shared, inspector: inspectorOf(id) });
  started.push(server);
  return insertReplica(server.url, id);
}

const running = (worker_id: string) => ({ status: 'running', worker_id, runner_id: randomUUID() });
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

describe('200', () => {
  test('an unowned chat: exactly the members that were promised', async () => {
    const id = await insertChat(database.pool, { status: 'running' });
    for (const [role, count] of Object.entries({ assistant: 2, system: 2, tool: 1, user: 1 })) {
      await insertMessages(database.pool, id, role, count);
    }
    const { body } = await get(await gateway(), id);
    expect(body).toEqual({ execution_state: 'R0', database: expect.any(Object), runtime: null });
    const members = {
      ...{ status: 'running', archived: false, worker_id: null, runner_id: null },
      ...{ generation_attempt: 0, snapshot_version: expect.any(Number), history_version: expect.any(Number) },
      ...{ last_error: null, retry_state: null, requires_action_deadline_at: null, heartbeat: null },
      ...{ created_at: TIME, updated_at: TIME, queue_depth: 0, oldest_queued_age_seconds: null, unreadable: [] },
      message_stats: { total: 6, deleted: 0, by_role: { assistant: 2, system: 2, tool: 1, user: 1 } },
    };
    expect(body.database).toMatchObject(members);
    const answeredElsewhere = ['last_message', 'turn', 'open_calls', 'lost_children', 'trouble'];
    expect(Object.keys(body.database).toSorted()).toEqual([...Object.keys(members), ...answeredElsewhere].toSorted());
  });

  test("an owned chat: both halves, whole, and the owner's answer word for word", async () => {
    const workerId = await addReplica();
    const chat = running(workerId);
    const error = { kind: 'k', message: 'M', provider: 'p', status_code: 429, retryable: true };
    const id = await insertChat(database.pool, { ...chat, last_error: error });
    await insertHeartbeat(database.pool, id, chat.runner_id);
    await queueMessages(database.pool, id, 2);
    const { status, body } = await get(await gateway(), id.toUpperCase());
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['execution_state', 'database', 'runtime']);
    expect(body).toMatchObject({ execution_state: 'R1', database: { ...chat, queue_depth: 2, last_error: error } });
    expect(body.database.heartbeat).toEqual({
      ...{ runner_id: chat.runner_id, heartbeat_at: TIME, age_seconds: expect.any(Number), is_stale: false },
    });
    const at = AT.toISOString();
    const task = {
      ...{ id: TASK.id, kind: 'generation', history_version: 2, started_at: at, running_seconds: 1.5 },
      ...{ cancelled_at: null, last_progress_at: at, seconds_since_progress: 0.5, attempt: 1, next_retry_at: null },
      ...{ seconds_until_retry: null, last_error: null, break_offs: 2, last_break_off: 'x' },
      ...{ waits_for_database_seconds: 0.5, database_error: 'LOCKED', label: 'at it', max_attempts: 8 },
      progress_within_seconds: 60,
    };
    expect(body.runtime).toEqual({
      worker_id: workerId,
      ...{ local_worker_id: workerId, worker_id_matches_local: true, observed_at: at },
      event_loop_delay_ms: expect.any(Number),
      runners: [
        {
          ...{ runner_id: id, worker_id: workerId, chat_id: id, phase: 'running', started_at: at, uptime_seconds: 2 },
          ...{ status: 'running', snapshot_version: 2, history_version: 2, generation_attempt: 1, last_update_at: at },
          ...{ active_task_kind: 'generation', active_task: task, idle_seconds: null, tasks: [task] },
          lease: {
            ...{ renewed_at: at, age_seconds: 1, interval_seconds: 9, stale_after_seconds: 30 },
            ...{ consecutive_failures: 0, last_error: null },
          },
        },
      ],
      message_buffers: [
        {
          ...{ history_version: 2, generation_attempt: 1, parts_buffered: 3, bytes_buffered: 40, parts_dropped: 0 },
          ...{ capacity_bytes: 1_048_576, subscriber_count: 1, is_closed: false, opened_at: at, last_part_at: at },
          closed_at: null,
        },
      ],
    });
  });

  test('roles are counted under their own names, `__proto__` and new ones too', async () => {
    for (const role of ['__proto__', 'camelCase']) {
      await database.pool.query(`ALTER TYPE chat_message_role ADD VALUE '${role}'`);
    }
    const id = await insertChat(database.pool);
    for (const role of ['__proto__', 'camelCase', 'user']) await insertMessages(database.pool, id, role, 2);
    await insertMessages(database.pool, id, 'user', 1, true);
    const { body } = await get(await gateway(), id);
    const { total, deleted, by_role: byRole } = body.database.message_stats;
    expect([total, deleted]).toEqual([7, 1]);
    expect(Object.entries(byRole).toSorted()).toEqual([
      ['__proto__', 2],
      ['camelCase', 2],
      ['user', 2],
    ]);
  });

  test('its owner may read a chat; HEAD says the same without a body', async () => {
    const owner = randomUUID();
    const id = await insertChat(database.pool, { owner_id: owner });
    const front = await gateway();
    const token = await callerToken({ sub: owner });
    const [got, head] = [await get(front, id, { token }), await get(front, id, { token, method: 'HEAD' })];
    expect([got.status, head.status, head.body]).toEqual([200, 200, undefined]);
  });
});

const ERROR = { message: expect.stringMatching(/\w/), detail: expect.any(String) };

describe('refusals: 401 before 400 before 404', () => {
  const MALFORMED = ['x', '', '%7B', '%zz', '%ff', 'a%2Fb', 'x'.repeat(300), 'cccccccc000040008000000000000001'];

  test('401 without a good token, whatever the id is', async () => {
    const front = await gateway();
    const ids = [await insertChat(database.pool), randomUUID(), ...MALFORMED];
    for (const id of ids) {
      for (const token of [null, 'nonsense']) {
        const { status, body, headers } = await get(front, id, { token });
        expect([status, body]).toEqual([401, { ...ERROR, code: 'UNAUTHENTICATED' }]);
        expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    }
  });

  test.each(MALFORMED)('400 for the id %j, and nothing is sent', async (id) => {
    const silent = await servers.serve((response) => sendJson(response, 200, {}));
    const { status, body } = await get(await startGateway(silent), id);
    expect([status, body]).toEqual([400, { ...ERROR, code: 'BAD_USER_INPUT' }]);
    expect(silent.received).toEqual([]);
  });

  test("404 alike for a chat that does not exist and one that is somebody else's", async () => {
    const front = await gateway();
    const token = await callerToken({ sub: randomUUID() });
    const answers = [
      await get(front, randomUUID(), { token }),
      await get(front, await insertChat(database.pool), { token }),
    ];
    for (const { status, body } of answers) expect([status, body]).toEqual([404, { ...ERROR, code: 'NOT_FOUND' }]);
    expect(answers[0]?.body).toEqual(answers[1]?.body);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('405 for %s, with what is allowed', async (method) => {
    const front = await gateway();
    const { status, headers, body } = await get(front, randomUUID(), { method });
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(body).toEqual({ ...ERROR, code: 'BAD_REQUEST' });
  });
});

describe('502: the owner did not say what it holds', () => {
  const owners: [string, string, string, () => Promise<string>][] = [
    ['unreachable', 'REPLICA_UNREACHABLE', 'it is dead', async () => insertReplica(await deadUrl())],
    ['timed_out', 'REPLICA_TIMED_OUT', 'it hangs', async () => insertReplica((await servers.hang()).url)],
    ['unknown_replica', 'REPLICA_UNKNOWN', 'no such replica', async () => randomUUID()],
    [
      'stopped',
      'REPLICA_UNREACHABLE',
      'it has stopped',
      async () => insertReplica(await deadUrl(), randomUUID(), true),
    ],
    [
      'bad_answer',
      'REPLICA_UNREACHABLE',
      'it answers nonsense',
      async () => insertReplica((await servers.serve((response) => response.end('<p>'))).url),
    ],
  ];
  test.each(owners)('%s (%s): %s; the database half is whole', async (status, code, _, makeOwner) => {
    const chat = running(await makeOwner());
    const id = await insertChat(database.pool, chat);
    const front = await gateway(status === 'timed_out' ? { replicas: { timeoutMs: 1_500 } } : undefined);
    const answer = await get(front, id);
    expect(answer.status).toBe(502);
    expect(answer.body).toEqual({
      ...{ ...ERROR, code, execution_state: 'R0', runtime: null },
      database: expect.objectContaining({ ...chat, message_stats: { total: 0, deleted: 0, by_role: {} } }),
      reachability: {
        status,
        elapsed_ms: expect.any(Number),
        address: status === 'unknown_replica' ? null : expect.any(String),
        reason: expect.any(String),
      },
    });
  });
});

describe('nobody asks replicas here, by setting', () => {
  const half = (chat: object) => ({
    execution_state: 'R0',
    database: expect.objectContaining({ ...chat, message_stats: { total: 0, deleted: 0, by_role: {} } }),
    runtime: null,
    reachability: { status: 'not_asked', elapsed_ms: 0, address: null, reason: expect.any(String) },
  });

  test('200, and the document says so; 503 with the same for whoever requires the runtime half', async () => {
    const door = await servers.serve((response) => sendJson(response, 200, {}));
    const chat = running(await insertReplica(door.url));
    const id = await insertChat(database.pool, chat);
    const front = await gateway({ replicas: { isDisabled: true } });
    const plain = await get(front, id);
    expect([plain.status, plain.body]).toEqual([200, half(chat)]);
    const required = await get(front, id, { query: '?require=runtime' });
    expect([required.status, required.body]).toEqual([503, { ...ERROR, code: 'RUNTIME_DISABLED', ...half(chat) }]);
    expect(door.received).toEqual([]);
  });

  test('an unowned chat has nothing to be asked for: 200', async () => {
    const { status, body } = await get(
      await gateway({ replicas: { isDisabled: true } }),
      await insertChat(database.pool),
      { query: '?require=runtime' },
    );
    expect([status, body.runtime]).toEqual([200, null]);
  });

  test.each(['?require=', '?require=database', '?require=runtime&require=runtime'])('400 for %s', async (query) => {
    const { status, body } = await get(await gateway(), await insertChat(database.pool), { query });
    expect([status, body]).toEqual([400, { ...ERROR, code: 'BAD_USER_INPUT' }]);
  });
});

describe('500: a database error', () => {
  test('the database cannot be reached', async () => {
    const cut = await startDatabase({ ...shared, ...LIMITS, databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing' });
    started.push(cut);
    const front = await startGateway(cut);
    const { status, body } = await get(front, randomUUID());
    expect([status, body]).toEqual([500, { ...ERROR, code: 'DATABASE_UNAVAILABLE' }]);
    const [ofSubgraph, ofGateway] = await Promise.all([cut, front].map(({ url }) => fetch(`${url}/readyz`)));
    expect(await ofGateway?.text()).toContain(await ofSubgraph?.text());
  });

  test('the database subgraph is away, or something went wrong in it: nothing of it is told', async () => {
    const away = await get(await startGateway({ url: await deadUrl() }), randomUUID());
    expect([away.status, away.body]).toEqual([500, { ...ERROR, code: 'DATABASE_UNAVAILABLE' }]);
    const defect = { message: 'SELECT failed at 10.0.0.1', path: ['chatDebugSnapshot'] };
    const broken = await servers.serve((response) =>
      sendJson(response, 200, { data: { chatDebugSnapshot: null }, errors: [defect] }),
    );
    const { status, body } = await get(await startGateway(broken), randomUUID());
    expect([status, body]).toEqual([500, { ...ERROR, code: 'INTERNAL_SERVER_ERROR' }]);
    expect(JSON.stringify(body)).not.toContain('SELECT');
  });
});
