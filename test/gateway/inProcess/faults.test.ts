/** Faults of the database and of callers, seen over HTTP and in process: the same words, in the same time. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock as clock } from '../../../common/clock.ts';
import type { GraphqlBody } from '../../../server/graphql/question.ts';
import { makeLogger } from '../../../server/log.ts';
import { insertChat, insertReplica } from '../../subgraphs/database/support/rows.ts';
import { OPERATOR, user } from '../../subgraphs/database/support/subgraph.ts';
import { noTransactionLeft, untilTrue, waitingForLock, whileLocked } from '../../subgraphs/database/support/waiting.ts';
import { databasePerFile } from '../../support/database.ts';
import { startPostgresProxy } from '../../support/postgresProxy.ts';
import { inProcess } from '../databaseWays.ts';
import { askGateway, callerToken, gatewaysPerTest } from '../gateways.ts';
import { openWays, type Ways } from './ways.ts';

const database = databasePerFile();
const startGateway = gatewaysPerTest();
const held: { id?: string } = {};
beforeAll(async () => {
  held.id = await insertChat(database.pool);
  await insertReplica(database.pool);
});

const ONE = 'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId executionState database { queueDepth } } }';
const one = () => ({ query: ONE, variables: { id: held.id } });
const UNAVAILABLE = 'The database does not answer. Try again in a moment.';
const options = (databaseUrl: string, databaseTimeoutMs: number) => ({
  ...{ databaseUrl, databaseTimeoutMs, staleAfterSeconds: 30, noProgressSeconds: 60 },
  ...{ clock, log: makeLogger('database', 'silent') },
});

async function withWays<T>(databaseUrl: string, timeoutMs: number, work: (ways: Ways) => Promise<T>): Promise<T> {
  const ways = await openWays(databaseUrl, timeoutMs);
  try {
    return await work(ways);
  } finally {
    await ways.close();
  }
}

/** The session that holds a table is older when the second one looks. */
const agelessText = (answer: unknown) =>
  JSON.stringify(answer).replace(/transaction of \d+ s/, 'transaction of some seconds');

/** Both answers, one after the other, which must be the same. */
async function same(ways: Ways, query: GraphqlBody = one(), caller = OPERATOR): Promise<unknown> {
  const overHttp = await ways.overHttp.ask(query, { caller });
  const here = await ways.inProcess.ask(query, { caller });
  expect(agelessText(here)).toBe(agelessText(overHttp));
  return overHttp.status === 'OK' ? overHttp.body : overHttp;
}

describe('the same is told', () => {
  test('of a table that is locked: within the time limit, and no transaction is left', async () => {
    await withWays(database.url, 3_000, async (ways) => {
      await same(ways);
      const begunMs = clock.monotonicMs();
      const told = await whileLocked(database.pool, 'chats', () => same(ways));
      expect(clock.monotonicMs() - begunMs).toBeGreaterThan(5_900); // both waited
      expect(told).toMatchObject({
        data: { chatDebugSnapshot: null },
        errors: [{ message: expect.stringContaining('a lock on `chats`'), extensions: { code: 'QUERY_TIMED_OUT' } }],
      });
      await noTransactionLeft(database.pool);
      expect(await same(ways)).toMatchObject({ data: { chatDebugSnapshot: { chatId: held.id } } });
    });
  });

  test('of a database that goes away and comes back; replicas are those last read', async () => {
    const tap = await startPostgresProxy(database.url);
    await withWays(tap.url, 5_000, async (ways) => {
      const replicas = { query: '{ replicas { id isAlive } }' };
      const before = await same(ways, replicas);
      await tap.close();
      expect(await same(ways, replicas)).toEqual(before);
      expect(await same(ways)).toMatchObject({ errors: [{ message: UNAVAILABLE, path: ['chatDebugSnapshot'] }] });
      expect(await ways.inProcess.notReady()).toBe('The database does not answer.');
      await tap.listen();
      expect(await same(ways)).toMatchObject({ data: { chatDebugSnapshot: { chatId: held.id } } });
      expect(await ways.inProcess.notReady()).toBeUndefined();
      await tap.close();
    });
  });

  test('of an answer of more than 16 MiB, which is refused, and of one of less, which is not', async () => {
    const id = await insertChat(database.pool);
    await database.pool.query(`UPDATE chats SET title = repeat('é', 10000) WHERE id = $1`, [id]);
    /** Each title takes 20 kB and a few bytes. */
    const large = (titles: number) => {
      const aliases = Array.from({ length: titles }, (_, place) => `t${place}: title`).join(' ');
      const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { ${aliases} } } }`;
      return { query, variables: { id } };
    };
    await withWays(database.url, 60_000, async (ways) => {
      expect(await same(ways, large(830))).toMatchObject({ data: { chatDebugSnapshot: {} } });
      expect(await same(ways, large(845))).toEqual({ status: 'BAD_ANSWER', what: 'more bytes than are read' });
    });
  });

  test('to callers without the role', async () => {
    await withWays(database.url, 20_000, async (ways) => {
      const query =
        'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } replicas { id } replica(id: $id) { id } }';
      const told = await same(ways, { ...one(), query }, user('somebody'));
      const errors = [{ extensions: { code: 'FORBIDDEN' } }, { extensions: { code: 'FORBIDDEN' } }];
      expect(told).toMatchObject({ data: { chatDebugSnapshot: null, replicas: null, replica: null }, errors });
    });
  });
});

describe('in process', () => {
  test('whoever goes away is told at once, and nothing more is asked for it; whoever has gone asks nothing', async () => {
    const tap = await startPostgresProxy(database.url);
    const subgraph = await inProcess(options(tap.url, 30_000))(new Registry());
    const client = new AbortController();
    await whileLocked(database.pool, 'chats', async () => {
      const asked = subgraph.ask(one(), { caller: OPERATOR, signal: client.signal });
      await waitingForLock(database.pool);
      client.abort();
      expect(await asked).toMatchObject({ status: 'TIMED_OUT' });
    });
    await noTransactionLeft(database.pool);
    expect(tap.statements.filter((sql) => sql.includes('chats'))).toHaveLength(1);
    expect(tap.statements.filter((sql) => sql.includes('chat_queued_messages'))).toEqual([]);
    expect(await subgraph.ask(one(), { caller: OPERATOR, signal: client.signal })).toMatchObject({
      status: 'TIMED_OUT',
    });
    expect(tap.statements.filter((sql) => sql.includes('chats'))).toHaveLength(1);
    await subgraph.close();
    await tap.close();
  });

  test('an answer is waited for no longer than for one over HTTP', async () => {
    const subgraph = await inProcess(options(database.url, 30_000), { waitMs: 300 })(new Registry());
    await whileLocked(database.pool, 'chats', async () => {
      expect(await subgraph.ask(one(), { caller: OPERATOR })).toMatchObject({ status: 'TIMED_OUT' });
    });
    await subgraph.close();
  });

  test('when a client of the gateway goes away, no transaction is left', async () => {
    const gateway = await startGateway({ url: '' }, { openDatabase: inProcess(options(database.url, 30_000)) });
    const client = new AbortController();
    await whileLocked(database.pool, 'chats', async () => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${await callerToken()}` };
      const init = { method: 'POST', headers, body: JSON.stringify(one()), signal: client.signal };
      const asked = fetch(`${gateway.url}/graphql`, init);
      await waitingForLock(database.pool);
      client.abort();
      await expect(asked).rejects.toThrow('aborted');
    });
    await noTransactionLeft(database.pool);
  });

  test.each([2_000, 4_500, 6_000])('a value nested %d levels deep costs at most itself', async (levels) => {
    const last_error = `${'['.repeat(levels)}${']'.repeat(levels)}`; // Node writes about 4,200 levels
    const id = await insertChat(database.pool, { last_error });
    const gateway = await startGateway({ url: '' }, { openDatabase: inProcess(options(database.url, 20_000)) });
    const query =
      'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { lastError } } __schema { queryType { name } } }';
    const { status, body } = await askGateway(gateway, query, { variables: { id } });
    expect(status).toBe(200);
    const chatDebugSnapshot = { database: { lastError: null } };
    expect(body.data).toEqual({ chatDebugSnapshot, __schema: { queryType: { name: 'Query' } } });
    expect(body.errors).toMatchObject([
      { path: ['chatDebugSnapshot', 'database', 'lastError'], extensions: { code: 'VALUE_UNREADABLE' } },
    ]);
  });

  test('the gateway shows what its readings cost, is ready when the database is, and leaves no session behind', async () => {
    const tap = await startPostgresProxy(database.url);
    const gateway = await startGateway({ url: '' }, { openDatabase: inProcess(options(tap.url, 5_000)) });
    const get = async (path: string) => {
      const response = await fetch(`${gateway.url}${path}`);
      return [response.status, await response.text()] as const;
    };
    expect((await askGateway(gateway, ONE, { variables: one().variables })).body.errors).toBeUndefined();
    expect((await get('/metrics'))[1]).toContain('chat_debug_reading_duration_seconds_count{outcome="ok"} ');
    expect(await get('/readyz')).toEqual([200, 'ok']);
    await tap.close();
    expect(await get('/readyz')).toEqual([503, 'The database does not answer.']);
    const told = await askGateway(gateway, ONE, { variables: one().variables });
    expect(told.body.errors).toMatchObject([{ message: UNAVAILABLE, extensions: { code: 'DATABASE_UNAVAILABLE' } }]);
    const other = await startGateway({ url: '' }, { openDatabase: inProcess(options(database.url, 5_000)) });
    await askGateway(other, ONE, { variables: one().variables });
    await other.stop();
    await untilTrue(
      database.pool,
      'no connection of the gateway is open',
      `SELECT count(*) = 0 FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'chat-debug-database'`,
    );
  });
});
