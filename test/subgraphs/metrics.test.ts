import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import { databasePerFile } from '../support/database.ts';
import { ANY_UUID, readMetrics } from '../support/metrics.ts';
import { askReplica, replicasPerTest } from '../support/replica.ts';
import { until } from '../support/until.ts';
import { insertChat } from './database/support/rows.ts';
import { asking, OPERATOR, post, SECRET, start } from './database/support/subgraph.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);

test('the database subgraph counts its requests, readings and questions, by name and without ids', async () => {
  const id = await insertChat(database.pool);
  const server = await start({ databaseUrl: database.url });
  try {
    const ask = asking(() => server.url);
    await ask(`{ chatDebugSnapshot(chatId: "${id}") { executionState database { messageStats { total } } } }`);
    await post(server.url, { query: '{ __typename }' }, {});
    const metrics = await until('the refused request is counted', async () => {
      const read = await readMetrics(server);
      return read.get('chat_debug_subgraph_request_duration_seconds_count{status="401"}') === 1 && read;
    });
    const counts = [
      ['chat_debug_subgraph_request_duration_seconds_count{status="200"}', 1],
      ['chat_debug_reading_duration_seconds_count{outcome="ok"}', 1],
      ...['begin', 'chatRows', 'queueDepths', 'messageCounts'].map((question) => [
        `chat_debug_question_duration_seconds_count{question="${question}"}`,
        1,
      ]),
      ['chat_debug_question_duration_seconds_count{question="heartbeatRows"}', undefined],
    ] as [string, number | undefined][];
    for (const [name, value] of counts) expect([name, metrics.get(name)]).toEqual([name, value]);
    expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(metrics.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
    expect([...metrics.keys()].join('\n')).not.toMatch(ANY_UUID);
  } finally {
    await server.stop();
  }
});

test('a database that is away is counted as unavailable, once a reading', async () => {
  const server = await start({ databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing' });
  try {
    await asking(() => server.url)('{ chats { edges { cursor } } replicas { id } }');
    const metrics = await readMetrics(server);
    expect(metrics.get('chat_debug_reading_duration_seconds_count{outcome="unavailable"}')).toBe(1);
    expect(metrics.has('chat_debug_reading_duration_seconds_count{outcome="ok"}')).toBe(false);
  } finally {
    await server.stop();
  }
});

test('a question that is a defect is counted as failed, and so is its reading', async () => {
  const broken = await start({ databaseUrl: database.url });
  try {
    const id = await insertChat(database.pool);
    await database.pool.query(`
      ALTER TABLE chat_queued_messages RENAME TO elsewhere;
      CREATE VIEW chat_queued_messages AS SELECT id, ('no uuid ' || n)::uuid AS chat_id, content, position, created_by, created_at
        FROM generate_series(1, 1) AS n LEFT JOIN elsewhere ON false`);
    await asking(() => broken.url)(`{ chatDebugSnapshot(chatId: "${id}") { executionState takenAt } }`);
    const metrics = await readMetrics(broken);
    expect(metrics.get('chat_debug_question_failures_total{question="queueDepths",outcome="failed"}')).toBe(1);
    expect(metrics.get('chat_debug_reading_duration_seconds_count{outcome="failed"}')).toBe(1);
  } finally {
    await database.pool.query('DROP VIEW chat_queued_messages; ALTER TABLE elsewhere RENAME TO chat_queued_messages');
    await broken.stop();
  }
});

test('what the tables do not have is counted apart from defects', async () => {
  const broken = await start({ databaseUrl: database.url });
  try {
    const id = await insertChat(database.pool);
    await database.pool.query('ALTER TABLE chat_queued_messages RENAME TO elsewhere');
    const { errors } = await asking(() => broken.url)(
      `{ chatDebugSnapshot(chatId: "${id}") { database { queueDepth } } }`,
    );
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['SCHEMA_UNSUPPORTED']);
    const metrics = await readMetrics(broken);
    expect(metrics.get('chat_debug_question_failures_total{question="queueDepths",outcome="unsupported"}')).toBe(1);
    expect(metrics.get('chat_debug_reading_duration_seconds_count{outcome="unsupported"}')).toBe(1);
  } finally {
    await database.pool.query('ALTER TABLE elsewhere RENAME TO chat_queued_messages');
    await broken.stop();
  }
});

test('a replica tells its runners, its buffers and the health of its loops, without ids', async () => {
  const replica = await startReplica({ maxRunners: 7 });
  await askReplica(replica, '... on ReplicaRuntime { runnerCount }', [
    { __typename: 'ReplicaRuntime', workerId: replica.workerId },
  ]);
  const metrics = await until('the answered request is counted', async () => {
    const read = await readMetrics(replica);
    return read.has('chat_debug_subgraph_request_duration_seconds_count{status="200"}') && read;
  });
  for (const [name, value] of [
    ['chat_debug_runners', 0],
    ['chat_debug_runner_capacity', 7],
    ['chat_debug_full', 0],
    ['chat_debug_message_buffers', 0],
    ['chat_debug_message_buffer_bytes', 0],
    ['chat_debug_loop_consecutive_failures{loop="acquisition"}', 0],
    ['chat_debug_loop_consecutive_failures{loop="heartbeats"}', 0],
    ['chat_debug_loop_consecutive_failures{loop="databaseSync"}', 0],
  ] as const) {
    expect([name, metrics.get(name)]).toEqual([name, value]);
  }
  expect([...metrics.keys()].join('\n')).not.toMatch(ANY_UUID);
});

test('servers in one process count for themselves', async () => {
  const [a, b] = [await start({ databaseUrl: database.url }), await start({ databaseUrl: database.url })];
  try {
    await asking(() => a.url)('{ replicas { id } }');
    const question = 'chat_debug_question_duration_seconds_count{question="replicaRows"}';
    expect([(await readMetrics(a)).get(question), (await readMetrics(b)).get(question)]).toEqual([1, undefined]);
  } finally {
    await Promise.all([a.stop(), b.stop()]);
  }
});

test('probes that come while the database is asked wait for the same answer', async () => {
  const server = await start({ databaseUrl: database.url });
  try {
    const before = (await readMetrics(server)).get(READINGS) ?? 0;
    const probes = await Promise.all(Array.from({ length: 20 }, () => fetch(`${server.url}/readyz`)));
    expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
    const after = (await readMetrics(server)).get(READINGS) ?? 0;
    expect(after - before).toBeLessThan(20);
  } finally {
    await server.stop();
  }
});
const READINGS = 'chat_debug_reading_duration_seconds_count{outcome="ok"}';

test('the id of a request is taken over from who has a good token, and only if it is one', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const server = await start({ databaseUrl: database.url, log });
  try {
    const id = '0e7d3c52-7e2e-4f0a-9c5b-4a3f3c1e9d10';
    const authorization = `Bearer ${await signInternalToken(SECRET, 'database', OPERATOR)}`;
    const query = { query: '{ __typename }' };
    await post(server.url, query, { authorization, 'x-request-id': id });
    await post(server.url, query, { authorization, 'x-request-id': 'forged' });
    await post(server.url, query, { 'x-request-id': id });
    const answered = await until('three lines are logged', () => lines.length >= 3 && lines);
    expect(answered.map(({ status }) => status)).toEqual([200, 200, 401]);
    expect(answered[0]?.requestId).toBe(id);
    expect(answered[1]?.requestId).toMatch(ANY_UUID);
    expect(answered[1]?.requestId).not.toBe(id);
    expect(answered[2]?.requestId).toMatch(ANY_UUID);
    expect(answered[2]?.requestId).not.toBe(id);
  } finally {
    await server.stop();
  }
});
