/** Actions through the gateway: with an operator, without one, with one that is away, and what an attacker tries. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { AUDIT, OPERATE } from '../../domain/actions/rights.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { insertChat, insertHealthyChat } from '../subgraphs/database/support/rows.ts';
import { operatorsPerTest } from '../subgraphs/operator/support/operators.ts';
import { liveClientsPerTest } from '../support/liveClient.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken, type GatewayChanges, type GatewayRequest } from './gateways.ts';
import { deadUrl } from './httpServers.ts';

const { database, gateway, servers } = fleetPerFile();
const operators = operatorsPerTest(database);
const open = liveClientsPerTest();
afterEach(() => database.pool.query('DELETE FROM chats'));

const OPERATOR = { sub: 'an-operator', roles: [READ_ALL, OPERATE, AUDIT], jti: 'token-7' };

/** A gateway with an operator behind it. */
const withOperator = async (changes: GatewayChanges = {}) =>
  gateway({ operator: { url: `${(await operators.start()).url}/graphql`, databaseTimeoutMs: 20_000 }, ...changes });

const INTERRUPT = `mutation Interrupt($id: UUID!, $version: SafeInt!, $worker: UUID, $runner: UUID, $key: UUID!, $reason: String = "for a test") {
  done: interruptChat(id: $id, expect: { snapshotVersion: $version, workerId: $worker, runnerId: $runner }, reason: $reason, idempotencyKey: $key) {
    outcome snapshot { chatId executionState database { snapshotVersion } diagnosis { verdict } actionRecords { action } }
    record { actor tokenId via before after requestId idempotencyKey } } }`;

interface Done {
  readonly done: {
    readonly outcome: string;
    readonly snapshot: object;
    readonly record: Record<string, unknown>;
  } | null;
}

async function runningChat() {
  const { id, workerId: worker, runnerId: runner } = await insertHealthyChat(database.pool);
  return { id, worker, runner, version: 1, key: randomUUID() };
}

const ask = async (
  front: { url: string },
  variables: object,
  request: GatewayRequest = {},
  claims: object = OPERATOR,
) => askGateway<Done>(front, INTERRUPT, { variables, token: await callerToken({ ...claims }), ...request });

const offersIn = (data: Record<string, unknown> | undefined) =>
  (data as { chatDebugSnapshot: { actions: { action: string; token: string | null }[] } }).chatDebugSnapshot.actions;

const stateOf = async (id: string) =>
  (await database.pool.query('SELECT status::text, snapshot_version::int AS version FROM chats WHERE id = $1', [id]))
    .rows[0];
const recorded = async (id: string) =>
  (await database.pool.query('SELECT FROM chat_debug_actions WHERE chat_id = $1', [id])).rowCount;

describe('an action through the gateway', () => {
  test('is done, and the snapshot beside it is of after the action', async () => {
    const front = await withOperator();
    const chat = await runningChat();
    const { status, headers, body } = await ask(front, chat, { headers: { 'x-chat-debug-via': 'terminal' } });
    expect([status, body.errors]).toEqual([200, undefined]);
    expect(body.data?.done).toMatchObject({
      outcome: 'DONE',
      snapshot: {
        ...{
          chatId: chat.id,
          executionState: 'I0',
          database: { snapshotVersion: 2 },
          actionRecords: [{ action: 'INTERRUPT_CHAT' }],
        },
      },
      record: {
        ...{ actor: 'an-operator', tokenId: 'token-7', via: 'TERMINAL', before: 'R0', after: 'I0' },
        ...{ requestId: headers.get('x-request-id'), idempotencyKey: chat.key },
      },
    });
  });

  test('is offered with the snapshot, by a token that does it', async () => {
    const front = await withOperator();
    const id = await insertChat(database.pool, { status: 'error' });
    const token = await callerToken(OPERATOR);
    const OFFERS = `{ chatDebugSnapshot(chatId: "${id}") { actions { action allowed answers token } } }`;
    const offered = await askGateway(front, OFFERS, { token });
    const actions = offersIn(offered.body.data);
    const retry = actions.find(({ action }) => action === 'RETRY_CHAT');
    expect(retry).toMatchObject({ allowed: true, answers: ['ERRORED'], token: expect.any(String) });
    const DO = `mutation ($token: String, $key: UUID!) {
      retryChat(id: "${id}", token: $token, reason: "for a test", idempotencyKey: $key) { outcome record { expectedVersion } } }`;
    const done = await askGateway(front, DO, { token, variables: { token: retry?.token, key: randomUUID() } });
    expect(done.body).toEqual({ data: { retryChat: { outcome: 'DONE', record: { expectedVersion: 1 } } } });
    expect(await stateOf(id)).toEqual({ status: 'running', version: 2 });
  });

  test('is offered in a live view to each who watches, by a token of their own', async () => {
    const front = await withOperator();
    const owner = randomUUID();
    const id = await insertChat(database.pool, { status: 'error', owner_id: owner });
    const watching = [
      { sub: owner, roles: [READ_ALL] },
      { sub: 'another', roles: [READ_ALL] },
      { sub: 'an-operator', roles: [READ_ALL, OPERATE] },
      { sub: 'another-operator', roles: [READ_ALL, OPERATE] },
    ];
    const OFFERS = `subscription ($id: UUID!) { chatDebugSnapshot(chatId: $id, everyMs: 60000) { ...Seen } }
      fragment Seen on ChatDebugSnapshot { actions { action token } }`;
    const retries: (string | null | undefined)[] = [];
    for (const claims of watching) {
      const client = await open(front, OFFERS, { variables: { id }, token: await callerToken(claims) });
      const { data } = await client.result('the offers', () => true);
      retries.push(offersIn(data ?? undefined).find(({ action }) => action === 'RETRY_CHAT')?.token);
    }
    const isForThem = retries.map((token) => (token ? decodeJwt(token).sub : token));
    expect(isForThem).toEqual([owner, null, 'an-operator', 'another-operator']);
  });

  test('runs in the order in which it stands: the second sees what the first did', async () => {
    const front = await withOperator();
    const { id, version, worker, runner, key } = await runningChat();
    const variables = { id, version, worker, runner, key, other: randomUUID() };
    const query = `mutation ($id: UUID!, $version: SafeInt!, $worker: UUID, $runner: UUID, $key: UUID!, $other: UUID!) {
      first: interruptChat(id: $id, expect: { snapshotVersion: $version, workerId: $worker, runnerId: $runner }, reason: "for a test", idempotencyKey: $key) { outcome }
      second: releaseChat(id: $id, expect: { snapshotVersion: 2, workerId: $worker, runnerId: $runner }, reason: "for a test", idempotencyKey: $other) { outcome } }`;
    const { body } = await askGateway(front, query, { variables, token: await callerToken(OPERATOR) });
    expect(body).toEqual({ data: { first: { outcome: 'DONE' }, second: { outcome: 'DONE' } } });
  });

  test('is refused where there is no operator, and nothing is offered', async () => {
    const chat = await runningChat();
    const { status, body } = await ask(await gateway(), chat);
    expect([status, body.data]).toEqual([200, { done: null }]);
    expect(body.errors).toEqual([
      {
        message: expect.stringMatching(/OPERATOR_SUBGRAPH_URL/),
        path: ['done'],
        extensions: { code: 'ACTIONS_DISABLED' },
      },
    ]);
    const query = `{ chatDebugSnapshot(chatId: "${chat.id}") { chatId actions { action } } actionRecords { edges { cursor } } }`;
    expect((await askGateway(await gateway(), query)).body).toEqual({
      data: { chatDebugSnapshot: { chatId: chat.id, actions: null }, actionRecords: null },
    });
  });

  test('was not done if the operator cannot be reached, and says so', async () => {
    const chat = await runningChat();
    const front = await gateway({ operator: { url: `${await deadUrl()}/graphql`, databaseTimeoutMs: 2_000 } });
    const { body } = await ask(front, chat);
    expect([body.data, body.errors?.[0]?.extensions.code]).toEqual([{ done: null }, 'OPERATOR_UNAVAILABLE']);
  });

  test.each(['drops', 'is silent', 'answers no JSON'] as const)(
    'is uncertain, with its key, if the operator that has it %s; it is sent once',
    async (how) => {
      const chat = await runningChat();
      let times = 0;
      const odd = await servers.serve(async (response) => {
        times += 1;
        if (how === 'drops') response.destroy();
        if (how === 'answers no JSON') response.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
      });
      const front = await gateway({ operator: { url: `${odd.url}/graphql`, databaseTimeoutMs: 100 } });
      const { status, body } = await ask(front, chat);
      expect([status, body.data]).toEqual([200, { done: null }]);
      expect(body.errors).toEqual([
        {
          message: expect.stringMatching(/not known whether/),
          ...{ path: ['done'], extensions: { code: 'ACTION_UNCERTAIN', idempotencyKey: chat.key } },
        },
      ]);
      expect(times).toBe(1);
    },
  );
});

describe('an attacker of mutations', () => {
  const unchanged = async (id: string) => {
    expect([await stateOf(id), await recorded(id)]).toEqual([{ status: 'running', version: 1 }, 0]);
  };

  test('finds none in a GET, with a token or with a cookie', async () => {
    const front = await withOperator();
    const chat = await runningChat();
    const token = await callerToken(OPERATOR);
    const search = new URLSearchParams({ query: INTERRUPT, variables: JSON.stringify(chat) });
    const sent: Record<string, string>[] = [
      { authorization: `Bearer ${token}` },
      { cookie: `coder_session_token=${token}`, 'sec-fetch-site': 'same-origin' },
      { cookie: `coder_session_token=${token}`, 'apollo-require-preflight': '1' },
    ];
    for (const headers of sent) {
      const answer = await fetch(`${front.url}/graphql?${search}`, { headers });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    }
    await unchanged(chat.id);
  });

  test('cannot make a browser send one with its cookie from another site', async () => {
    const front = await withOperator();
    const chat = await runningChat();
    const cookie = `coder_session_token=${await callerToken(OPERATOR)}`;
    const body = JSON.stringify({ query: INTERRUPT, variables: chat });
    for (const headers of [
      { cookie, 'content-type': 'text/plain' },
      { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      { cookie, 'content-type': 'multipart/form-data; boundary=x' },
      { cookie, 'content-type': 'application/json', origin: 'https://evil.example' },
    ]) {
      const { status } = await fetch(`${front.url}/graphql`, { method: 'POST', headers, body });
      expect([headers['content-type'], status >= 400]).toEqual([headers['content-type'], true]);
    }
    await unchanged(chat.id);
  });

  test('is answered nothing to a batch, a body of another method, or a subscription', async () => {
    const front = await withOperator();
    const chat = await runningChat();
    const headers = { authorization: `Bearer ${await callerToken(OPERATOR)}`, 'content-type': 'application/json' };
    const one = { query: INTERRUPT, variables: chat };
    for (const [method, body] of [
      ['POST', [one, one]],
      ['PUT', one],
      ['PATCH', one],
      ['DELETE', one],
      ['POST', { query: INTERRUPT.replace('mutation', 'subscription'), variables: chat }],
      ['POST', { query: INTERRUPT.replace('mutation', 'query'), variables: chat }],
      ['POST', { ...one, extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }],
    ] as const) {
      const { status } = await fetch(`${front.url}/graphql`, { method, headers, body: JSON.stringify(body) });
      expect([method, status >= 400]).toEqual([method, true]);
    }
    await unchanged(chat.id);
  });

  test('gets neither a hundred aliases nor a hundred requests through in a minute', async () => {
    const front = await withOperator({ mutationRateLimitPerMinute: 5 });
    const chat = await runningChat();
    const token = await callerToken(OPERATOR);
    const field = (i: number) =>
      `a${i}: interruptChat(id: "${chat.id}", expect: { snapshotVersion: 9 }, reason: "for a test", idempotencyKey: "${randomUUID()}") { outcome }`;
    const many = (count: number) => `mutation { ${Array.from({ length: count }, (_, i) => field(i)).join(' ')} }`;
    expect((await askGateway(front, many(100), { token })).body.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
    const six = await askGateway(front, many(6), { token });
    expect([six.status, six.headers.get('retry-after'), six.body.errors]).toMatchObject([
      400,
      null,
      [{ message: expect.stringMatching(/asks for 6.*At most 5.*Split/), extensions: { code: 'QUERY_TOO_COMPLEX' } }],
    ]);
    await unchanged(chat.id);
    const five = await askGateway(front, many(5), { token });
    expect(five.body.errors).toBeUndefined();
    const again = await askGateway(front, many(1), { token });
    expect([again.status, again.body.errors?.[0]?.extensions.code]).toEqual([429, 'RATE_LIMITED']);
  });

  test('loses none of its actions of a minute by a request that is refused', async () => {
    const front = await withOperator({ mutationRateLimitPerMinute: 5 });
    const chat = await runningChat();
    const token = await callerToken(OPERATOR);
    const asked = async (count: number) => {
      const field = () =>
        `interruptChat(id: "${chat.id}", expect: { snapshotVersion: 9 }, reason: "for a test", idempotencyKey: "${randomUUID()}") { outcome }`;
      const fields = Array.from({ length: count }, (_, i) => `a${i}: ${field()}`);
      return (await askGateway(front, `mutation { ${fields.join(' ')} }`, { token })).status;
    };
    expect([await asked(3), await asked(3), await asked(3), await asked(2), await asked(1)]).toEqual([
      ...[200, 429, 429, 200, 429],
    ]);
  });

  test('costs what actions cost', async () => {
    const front = await withOperator({ maxCost: 500 });
    const chat = await runningChat();
    const field = (key: string) =>
      `releaseChat(id: "${chat.id}", expect: { snapshotVersion: 1 }, reason: "for a test", idempotencyKey: "${key}") { outcome }`;
    const query = `mutation { a: ${field(randomUUID())} b: ${field(randomUUID())} c: ${field(randomUUID())} }`;
    const { body } = await askGateway(front, query, { token: await callerToken(OPERATOR) });
    expect(body.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
    await unchanged(chat.id);
  });

  test.each([
    ['no role', { sub: randomUUID(), roles: [] }, 'NOT_FOUND'],
    ['the role to read', { sub: randomUUID(), roles: [READ_ALL] }, 'FORBIDDEN'],
    ['the role of auditors', { sub: randomUUID(), roles: [READ_ALL, AUDIT] }, 'FORBIDDEN'],
    ['the role for another action', { sub: randomUUID(), roles: [READ_ALL, `${OPERATE}:releaseChat`] }, 'FORBIDDEN'],
    [
      'a role that looks like it',
      { sub: randomUUID(), roles: [READ_ALL, 'chat-debug:operate:', 'Chat-Debug:Operate'] },
      'FORBIDDEN',
    ],
    ['the role to act, but not to read', { sub: randomUUID(), roles: [OPERATE] }, 'NOT_FOUND'],
  ])('with %s changes nothing, by an expectation or by the token of somebody else’s offer', async (_, claims, code) => {
    const front = await withOperator();
    const chat = await runningChat();
    expect((await ask(front, chat, {}, claims)).body.errors?.[0]?.extensions.code).toBe(code);
    const OFFERS = `{ chatDebugSnapshot(chatId: "${chat.id}") { actions { action token } } }`;
    const offered = await askGateway(front, OFFERS, { token: await callerToken(OPERATOR) });
    const actions = offersIn(offered.body.data);
    const stolen = actions.find(({ action }) => action === 'INTERRUPT_CHAT')?.token;
    const DO = `mutation ($token: String, $key: UUID!) {
      interruptChat(id: "${chat.id}", token: $token, reason: "for a test", idempotencyKey: $key) { outcome } }`;
    const variables = { token: stolen, key: randomUUID() };
    const done = await askGateway(front, DO, { variables, token: await callerToken(claims) });
    expect(done.body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    await unchanged(chat.id);
  });
});
