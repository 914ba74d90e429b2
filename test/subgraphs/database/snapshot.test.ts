import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertHeartbeat, insertMessages, insertReplica, queueMessages } from './support/rows.ts';
import { subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);

const EVERYTHING = `chatId takenAt executionState runtime { chatId workerId } everywhere { chatId workerId }
  database {
    status archived ownerId title parentChatId rootChatId workerId runnerId
    snapshotVersion historyVersion queueVersion generationAttempt retryStateVersion
    lastError retryState requiresActionDeadlineAt createdAt updatedAt queueDepth heartbeatsReadable
    heartbeat { runnerId heartbeatAt ageSeconds isStale staleAfterSeconds }
    heartbeats { runnerId isStale }
    messageStats { total deleted byRole { role count } }
  }`;

const one = async (chatId: string, fields = EVERYTHING) => {
  const { data, errors } = await ask(`query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${fields} } }`, {
    id: chatId,
  });
  expect(errors).toEqual([]);
  return data?.chatDebugSnapshot;
};

describe('the snapshot of one chat', () => {
  test('shows every column, the queue, the leases and the counts', async () => {
    const { pool } = database;
    const workerId = await insertReplica(pool);
    const runnerId = randomUUID();
    const ownerId = randomUUID();
    const lastError = { kind: 'overloaded', message: 'try later', provider: 'p', status_code: 529, retryable: true };
    const columns = {
      owner_id: ownerId,
      title: 'Töpfe',
      last_error: lastError,
      worker_id: workerId,
      runner_id: runnerId,
    };
    const id = await insertChat(pool, {
      ...columns,
      status: 'requires_action',
      requires_action_deadline_at: `'2030-01-01T00:00:00.123456+02'`,
    });
    await queueMessages(pool, id, 3);
    await insertMessages(pool, id, 'user', 2);
    await insertMessages(pool, id, 'assistant', 1);
    await insertMessages(pool, id, 'assistant', 4, true);
    await insertHeartbeat(pool, id, runnerId, `now() - interval '12 seconds'`);

    const snapshot = await one(id);
    expect(snapshot).toMatchObject({
      chatId: id,
      executionState: 'A1',
      runtime: { chatId: id, workerId },
      database: {
        status: 'requires_action',
        archived: false,
        ownerId,
        title: 'Töpfe',
        parentChatId: null,
        rootChatId: null,
        workerId,
        runnerId,
        snapshotVersion: 5, // four changes by hand, each counted up at its commit
        historyVersion: 4,
        queueVersion: 2,
        generationAttempt: 0,
        retryStateVersion: 0,
        lastError,
        retryState: null,
        requiresActionDeadlineAt: '2029-12-31T22:00:00.123Z',
        queueDepth: 3,
        heartbeatsReadable: true,
        heartbeat: { runnerId, isStale: false, staleAfterSeconds: 30 },
        heartbeats: [{ runnerId, isStale: false }],
        messageStats: {
          total: 7,
          deleted: 4,
          byRole: [
            { role: 'assistant', count: 1 },
            { role: 'user', count: 2 },
          ],
        },
      },
    });
  });

  test('of a chat that nobody owns and nobody wrote in has nulls, zeros and empty lists', async () => {
    const id = await insertChat(database.pool);
    expect(await one(id)).toMatchObject({
      executionState: 'W',
      runtime: null,
      database: {
        workerId: null,
        runnerId: null,
        lastError: null,
        retryState: null,
        requiresActionDeadlineAt: null,
        queueDepth: 0,
        heartbeat: null,
        heartbeats: [],
        messageStats: { total: 0, deleted: 0, byRole: [] },
      },
    });
  });

  test('has a runtime exactly when the row names a worker, also without a runner', async () => {
    const workerId = randomUUID();
    const owned = await insertChat(database.pool, { worker_id: workerId });
    const half = await insertChat(database.pool, { runner_id: randomUUID() });
    expect(await one(owned, 'runtime { chatId workerId }')).toEqual({ runtime: { chatId: owned, workerId } });
    expect(await one(half, 'runtime { chatId workerId }')).toEqual({ runtime: null });
  });

  test('counts up to 2^53 - 1 exactly', async () => {
    const id = await insertChat(database.pool);
    await database.pool.query('UPDATE chats SET snapshot_version = 9007199254740991 WHERE id = $1', [id]);
    expect(await one(id, 'database { snapshotVersion }')).toEqual({ database: { snapshotVersion: 9007199254740991 } });
  });
});

describe('several chats', () => {
  test('come in the order asked for, twice where asked for twice, null where there is none', async () => {
    const [a, b] = [await insertChat(database.pool), await insertChat(database.pool)];
    const ids = [b, randomUUID(), a, b];
    const { data } = await ask(`query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId } }`, { ids });
    expect(data).toEqual({ chatDebugSnapshots: [{ chatId: b }, null, { chatId: a }, { chatId: b }] });
  });

  test('none asked for are none', async () => {
    expect((await ask('{ chatDebugSnapshots(chatIds: []) { chatId } }')).data).toEqual({ chatDebugSnapshots: [] });
  });

  test('100 ids are answered, 101 refused', async () => {
    const query = 'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId } }';
    const ids = Array.from({ length: 101 }, () => randomUUID());
    const fine = await ask(query, { ids: ids.slice(1) });
    expect(fine.data).toEqual({ chatDebugSnapshots: Array(100).fill(null) });
    const refused = await ask(query, { ids });
    expect(refused.errors[0]).toMatchObject({
      message: 'At most 100 ids at once. Received 101.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

describe('an id', () => {
  test('is accepted in any case, as a variable and in the document, and answered in lower case', async () => {
    const id = await insertChat(database.pool, { id: 'abcdef00-0000-0000-0000-000000000001' });
    const upper = id.toUpperCase();
    expect(await one(upper, 'chatId')).toEqual({ chatId: id });
    expect((await ask(`{ chatDebugSnapshot(chatId: "${upper}") { chatId } }`)).data).toEqual({
      chatDebugSnapshot: { chatId: id },
    });
  });

  test.each(['', 'no id', '{abcdef00-0000-0000-0000-000000000001}', 'abcdef00000000000000000000000001'])(
    'malformed (%j) is refused with BAD_USER_INPUT, as a variable and in the document',
    async (id) => {
      const variable = await ask('query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }', { id });
      const literal = await ask(`{ chatDebugSnapshot(chatId: ${JSON.stringify(id)}) { chatId } }`);
      for (const answer of [variable, literal]) {
        expect(answer.status).toBe(400);
        expect(answer.errors).toHaveLength(1);
        expect(answer.errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
        expect(answer.errors[0]?.message).toContain('8-4-4-4-12');
        expect(answer.data ?? null).toBeNull();
      }
    },
  );
});

test('nobody is told of a chat of somebody else', async () => {
  const owner = randomUUID();
  const id = await insertChat(database.pool, { owner_id: owner });
  const query = 'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }';
  const [own, others, missing] = await Promise.all([
    ask(query, { id }, user(owner)),
    ask(query, { id }, user(randomUUID())),
    ask(query, { id: randomUUID() }, user(owner)),
  ]);
  expect(own.data).toEqual({ chatDebugSnapshot: { chatId: id } });
  expect(others.text).toBe(missing.text);
});

test('a provider’s words leave cut and masked, and nothing that stands beside them leaves', async () => {
  const message = `the key sk-0123456789abcdef of https://provider.example/v1 and "what the person said to the model" ${'x '.repeat(1_500_000)}`;
  const id = await insertChat(database.pool, {
    status: 'error',
    last_error: JSON.stringify({ kind: 'auth', message, status_code: 401, retryable: false, body: 'secret', raw: {} }),
    retry_state: JSON.stringify({ attempt: 2, error: message, retrying_at: '2026-11-22T09:30:00.000Z', headers: [] }),
  });
  const { data, errors, text } = await ask(
    'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { lastError retryState } } }',
    { id },
  );
  expect(errors).toEqual([]);
  expect(data).toMatchObject({
    chatDebugSnapshot: {
      database: {
        lastError: { kind: 'auth', message: expect.stringMatching(/^the key .{1,492}$/), status_code: 401 },
        retryState: { attempt: 2, error: expect.any(String), retrying_at: '2026-11-22T09:30:00.000Z' },
      },
    },
  });
  expect(text.length).toBeLessThan(2_000);
  expect(text).not.toMatch(/0123456789abcdef|provider\.example|person said|secret|headers/);
});
