import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { freePort } from '../../../local/ports.ts';
import { signInternalToken } from '../../../server/tokens/internalToken.ts';
import { databasePerFile } from '../../support/database.ts';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgresProxy.ts';
import { startTcpServer } from '../../support/tcpServer.ts';
import { insertChat, insertMessages, insertReplica } from './support/rows.ts';
import { asking, OPERATOR, SECRET, start } from './support/subgraph.ts';
import { noTransactionLeft, untilTrue, waitingForLock, whileLocked } from './support/waiting.ts';

const database = databasePerFile();
const unavailable = { extensions: { code: 'DATABASE_UNAVAILABLE' } };
const TIMEOUT_MS = 5_000;
const CHAT = 'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId executionState } }';

/** A subgraph with the database at `databaseUrl`: it waits long enough for answers that a loaded machine can give them. */
async function withSubgraph<T>(
  databaseUrl: string,
  work: (subgraph: { ask: ReturnType<typeof asking>; url: string }) => Promise<T>,
  databaseTimeoutMs = TIMEOUT_MS,
): Promise<T> {
  const server = await start({ databaseUrl, databaseTimeoutMs });
  try {
    return await work({ ask: asking(() => server.url), url: server.url });
  } finally {
    await server.stop();
  }
}

/** The same on a line that the test can cut. */
async function withTap<T>(
  work: (subgraph: { ask: ReturnType<typeof asking>; url: string; tap: PostgresProxy }) => Promise<T>,
): Promise<T> {
  const tap = await startPostgresProxy(database.url);
  try {
    return await withSubgraph(tap.url, (subgraph) => work({ ...subgraph, tap }));
  } finally {
    await tap.close();
  }
}

/** An address at which nobody listens. */
const deadAddress = async () => `postgres://postgres:test@127.0.0.1:${await freePort(systemClock)}/postgres`;

describe('a database that is down', () => {
  test('does not keep the subgraph from starting, and gives DATABASE_UNAVAILABLE without an address', async () => {
    const databaseUrl = await deadAddress();
    await withSubgraph(databaseUrl, async ({ ask, url }) => {
      const { data, errors, text } = await ask(CHAT, { id: '00000000-0000-0000-0000-000000000001' });
      expect(data).toEqual({ chatDebugSnapshot: null });
      expect(errors).toMatchObject([{ ...unavailable, path: ['chatDebugSnapshot'] }]);
      expect(text).not.toContain(new URL(databaseUrl).port);
      expect(text).not.toContain('ECONN');
      const ready = await fetch(`${url}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, 'The database does not answer.']);
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    });
  });

  test('is found again once it is up', async () => {
    const id = await insertChat(database.pool);
    await withTap(async ({ ask, url, tap }) => {
      await tap.close();
      expect((await ask(CHAT, { id })).errors).toMatchObject([unavailable]);
      await tap.listen();
      expect((await ask(CHAT, { id })).data).toEqual({ chatDebugSnapshot: { chatId: id, executionState: 'W' } });
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    });
  });

  test('that refuses the user or has no such database is unavailable, and says so without a name', async () => {
    const wrong = new URL(database.url);
    wrong.password = 'wrong';
    const missing = new URL(database.url);
    missing.pathname = '/no_such_database';
    for (const [{ href }, message] of [
      [wrong, 'The database refuses the user of this service. Correct `DATABASE_URL`.'],
      [missing, 'The database server has no database of that name. Correct `DATABASE_URL`.'],
    ] as const) {
      const { errors, text } = await withSubgraph(href, ({ ask }) => ask('{ chats { edges { cursor } } }'), 20_000);
      expect(errors).toMatchObject([{ ...unavailable, message }]);
      expect(text).not.toMatch(/no_such_database|password|postgres/);
    }
  });
});

describe('a database that hangs', () => {
  test('on a connection that was fine before: the answer comes in time, and the connection is not used again', async () => {
    const id = await insertChat(database.pool);
    const elapsedMs = await withTap(async ({ ask, tap }) => {
      expect((await ask(CHAT, { id })).errors).toEqual([]);
      tap.freeze();
      const startedMs = systemClock.monotonicMs();
      expect((await ask(CHAT, { id })).errors).toMatchObject([unavailable]);
      const answeredMs = systemClock.monotonicMs();
      tap.freeze({ newOnes: false });
      expect((await ask(CHAT, { id })).errors).toEqual([]);
      return answeredMs - startedMs;
    });
    expect(elapsedMs).toBeGreaterThan(TIMEOUT_MS - 100);
    expect(elapsedMs).toBeLessThan(20_000);
  });

  test('while connecting: the answer comes in time', async () => {
    const silent = await startTcpServer();
    const { errors } = await withSubgraph(
      `postgres://postgres:test@127.0.0.1:${silent.port}/postgres`,
      ({ ask }) => ask('{ chats { edges { cursor } } }'),
      500,
    );
    await silent.close();
    expect(errors).toMatchObject([unavailable]);
  });

  test('behind a lock: the server cancels the statement, and no transaction is left', async () => {
    const id = await insertChat(database.pool);
    await withSubgraph(database.url, async ({ ask }) => {
      const answer = await whileLocked(database.pool, 'chats', () => ask(CHAT, { id }));
      expect(answer.data).toEqual({ chatDebugSnapshot: null });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'QUERY_TIMED_OUT' } }]);
      await noTransactionLeft(database.pool);
      expect((await ask(CHAT, { id })).errors).toEqual([]);
    });
  });
});

describe('no transaction is left', () => {
  test.each([
    ['after an answer', 'chatDebugSnapshots(chatIds: [$id]) { executionState }'],
    [
      'after an error in one field while others still load',
      'chatDebugSnapshot(chatId: $id) { executionState } chats(first: 0) { edges { cursor } }',
    ],
    ['after an error in all fields', 'chats(after: "x") { edges { cursor } }'],
  ])('%s', async (_when, fields) => {
    const id = await insertChat(database.pool);
    await withSubgraph(
      database.url,
      async ({ ask }) => {
        await ask(`query ($id: UUID!) { __typename chatDebugSnapshot(chatId: $id) { chatId } ${fields} }`, { id });
        await noTransactionLeft(database.pool);
      },
      30_000, // much later than the test looks: only closing it can have ended it
    );
  });

  test('when the client goes away in the middle', async () => {
    const id = await insertChat(database.pool);
    await withSubgraph(
      database.url,
      async ({ url }) => {
        const token = await signInternalToken(SECRET, 'database', OPERATOR);
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
        await whileLocked(database.pool, 'chats', async () => {
          const asked = request(`${url}/graphql`, { method: 'POST', headers });
          asked.end(JSON.stringify({ query: CHAT, variables: { id } }));
          await waitingForLock(database.pool);
          asked.destroy(new Error('gone'));
          await expect(once(asked, 'response')).rejects.toThrow('gone');
        });
        await noTransactionLeft(database.pool);
      },
      30_000,
    );
  });

  test('and no session, once the subgraph has stopped', async () => {
    const id = await insertChat(database.pool);
    await withSubgraph(database.url, ({ ask }) => ask(CHAT, { id }));
    await untilTrue(
      database.pool,
      'no connection of the subgraph is open',
      `SELECT count(*) = 0 FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'chat-debug-database'`,
    );
  });
});

describe('counting that takes too long', () => {
  test('costs only the counts', async () => {
    const id = await insertChat(database.pool);
    await insertMessages(database.pool, id, 'user', 2);
    const fields = 'executionState database { messageStats { total } queueDepth heartbeats { runnerId } unreadable }';
    const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${fields} } }`;
    await withSubgraph(
      database.url,
      async ({ ask }) => {
        const { data, errors } = await whileLocked(database.pool, 'chat_messages', () => ask(query, { id }));
        expect(errors).toMatchObject([
          {
            path: ['chatDebugSnapshot', 'database', 'messageStats'],
            extensions: { code: 'QUERY_TIMED_OUT' },
            message: expect.stringContaining('lock on `chat_messages`'),
          },
        ]);
        const unreadable = ['messageStats'];
        const snapshot = { executionState: 'W', database: { queueDepth: 0, heartbeats: [], unreadable } };
        expect(data?.chatDebugSnapshot).toMatchObject(snapshot);
        expect(data).toMatchObject({ chatDebugSnapshot: { database: { messageStats: null } } });
        await noTransactionLeft(database.pool);
        expect((await ask(query, { id })).data).toMatchObject({
          chatDebugSnapshot: { database: { messageStats: { total: 2 } } },
        });
      },
      10_000, // half of it for counting
    );
  });
});

describe('a question that takes too long', () => {
  const late = { extensions: { code: 'QUERY_TIMED_OUT' } };
  const LISTS = 'slow: replicas { ownedChats } replicas { id } again: replicas(alive: true) { id }';

  test('leaves time to those that wait for it, and says why for itself alone', async () => {
    await insertReplica(database.pool, { started_at: "'2000-01-01'", stopped_at: 'now()' });
    await withSubgraph(database.url, async ({ ask }) => {
      const { data, errors } = await whileLocked(database.pool, 'chats', () => ask(`{ ${LISTS} }`));
      expect(errors).toMatchObject([
        { ...late, path: ['slow', 0, 'ownedChats'], message: expect.stringContaining('`chats`') },
      ]);
      expect(data).toEqual({ slow: null, replicas: expect.any(Array), again: expect.any(Array) });
      await noTransactionLeft(database.pool);
    });
  });

  test.each([
    ['queue', 'chat_queued_messages', '{ queueDepth }'],
    ['age of the queue', 'chat_queued_messages', '{ oldestQueuedAgeSeconds }'],
    ['leases', 'chat_heartbeats', '{ heartbeatState heartbeats { runnerId } }'],
  ])('does so where it is about the %s of chats', async (_what, table, fields) => {
    const id = await insertChat(database.pool, { status: 'running', runner_id: randomUUID() });
    await insertMessages(database.pool, id, 'user', 1);
    await withSubgraph(database.url, async ({ ask }) => {
      const query = `query ($id: UUID!) { slow: chatDebugSnapshot(chatId: $id) { database ${fields} }
        chatDebugSnapshot(chatId: $id) { database { lastMessage { role } messageStats { total } } } }`;
      const { data, errors } = await whileLocked(database.pool, table, () => ask(query, { id }));
      expect(errors).toMatchObject([late]);
      expect(data?.chatDebugSnapshot).toEqual({
        database: { lastMessage: { role: 'user' }, messageStats: { total: 1 } },
      });
    });
  });
});

describe('replicas while the database is away', () => {
  test('are those last read; what hangs on other tables fails', async () => {
    const id = await insertReplica(database.pool);
    const stopped = await insertReplica(database.pool, { stopped_at: 'now()' });
    await withTap(async ({ ask, tap }) => {
      const fields = 'id isAlive runtime { workerId }';
      const before = await ask(`{ replicas { ${fields} } }`);
      expect(before.errors).toEqual([]);
      await tap.close();
      expect((await ask(`{ replicas { ${fields} } }`)).data).toEqual(before.data);
      const alive = await ask(`{ replicas(alive: true) { id } }`);
      expect(alive.data).toEqual({ replicas: [{ id }] });
      const others = await ask(`{ replicas(alive: false) { id } }`);
      expect(others.data).toMatchObject({ replicas: expect.arrayContaining([{ id: stopped }]) });
      const owned = await ask('{ replicas { id ownedChats } }');
      expect(owned.data).toEqual({ replicas: null });
      expect(owned.errors[0]).toMatchObject({ ...unavailable, path: ['replicas', 0, 'ownedChats'] });
      const forbidden = await ask('{ replicas { id } }', {}, { sub: 'somebody', roles: [] });
      expect(forbidden.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    });
  });

  test('are unavailable if none was ever read', async () => {
    const { data, errors } = await withSubgraph(await deadAddress(), ({ ask }) => ask('{ replicas { id } }'));
    expect(data).toEqual({ replicas: null });
    expect(errors).toMatchObject([unavailable]);
  });
});
