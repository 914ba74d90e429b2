import { beforeAll, describe, expect, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { pino } from 'pino';
import { systemClock } from '../../common/clock.ts';
import { checkInternalToken } from '../../server/tokens/internalToken.ts';
import { until } from '../support/until.ts';
import { AUTH_SECRET, askGateway, callerToken, gatewayPerFile, gatewaysPerTest, INTERNAL_SECRET } from './gateways.ts';
import { deadUrl, sendJson, serversPerFile, serversPerTest, type TestServer } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const CHAT = 'cccccccc-0000-4000-8000-000000000001';

/** A database subgraph that knows no chat, and counts who asks. */
const emptyDatabase = ({ serve }: Pick<typeof servers, 'serve'> = servers) =>
  serve((response, { method }) => {
    if (method === 'GET') response.end('ok');
    else sendJson(response, 200, { data: { chatDebugSnapshot: null, chatDebugSnapshots: [] } });
  });

const ofFile: { database?: TestServer } = {};
const serversOfFile = serversPerFile();
beforeAll(async () => {
  ofFile.database = await emptyDatabase(serversOfFile);
});
/** One for all tests that start nothing else, in front of `emptiedDatabase`. */
const gatewayOfFile = gatewayPerFile(() => ({ url: ofFile.database?.url ?? '' }));

/** Database subgraph as if nobody had asked it yet. */
function emptiedDatabase(): TestServer {
  if (!ofFile.database) throw new Error('It is there once the tests run');
  ofFile.database.received.length = 0;
  return ofFile.database;
}

const ONE = 'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }';
const MANY = 'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId } }';
const FILTER = 'query ($filter: ChatFilter) { chats(filter: $filter) { edges { cursor } } }';

describe('who asks', () => {
  const sign = (claims: Record<string, unknown>, secret = AUTH_SECRET, alg = 'HS256') =>
    new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
  const good = { exp: 99_999_999_999 };
  const BAD: [string, () => Promise<string | undefined> | string | undefined][] = [
    ['no token', () => undefined],
    ['an empty one', () => 'Bearer '],
    ['another scheme', async () => `Basic ${await sign({ sub: 'x', ...good })}`],
    ['something that is no JWT', () => 'Bearer abc'],
    [
      'one signed with another secret',
      async () => `Bearer ${await sign({ sub: 'x', ...good }, 'another secret, also long enough')}`,
    ],
    [
      'one signed with another algorithm',
      async () => `Bearer ${await sign({ sub: 'x', ...good }, AUTH_SECRET, 'HS512')}`,
    ],
    ['an unsigned one', () => `Bearer ${new UnsecuredJWT({ sub: 'x', ...good }).encode()}`],
    ['one that has expired', async () => `Bearer ${await sign({ sub: 'x', exp: 1_000_000_000 })}`],
    ['one that never expires', async () => `Bearer ${await sign({ sub: 'x' })}`],
    ['one without a subject', async () => `Bearer ${await sign({ roles: [], ...good })}`],
    [
      'one whose roles are no list',
      async () => `Bearer ${await sign({ sub: 'x', roles: 'chat-debug:read-all', ...good })}`,
    ],
  ];
  test.each(BAD)('%s: 401 before anything else, whatever was sent', async (_, header) => {
    const database = emptiedDatabase();
    const gateway = await gatewayOfFile();
    const authorization = await header();
    const post = (body: string, type = 'application/json') => ({
      method: 'POST',
      headers: { 'content-type': type, ...(authorization && { authorization }) },
      body,
    });
    const requests: [string, RequestInit][] = [
      ['/graphql', post(JSON.stringify({ query: '{ __schema { types { name } } }' }))],
      ['/graphql', post(JSON.stringify({ query: '{ replicas { id } }' }))],
      ['/graphql', post('{ no JSON')],
      ['/graphql', post('x'.repeat(200_000))],
      ['/graphql', post('x', 'application/x-unknown')],
      ['/graphql?query={no', { headers: authorization ? { authorization } : {} }],
    ];
    for (const [path, init] of requests) {
      const response = await fetch(`${gateway.url}${path}`, init);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      const body = (await response.json()) as { errors: { extensions: unknown }[] };
      expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] });
    }
    expect(database.received).toEqual([]);
  });

  test('the subgraph is asked as the caller, not as the gateway', async () => {
    const database = emptiedDatabase();
    const gateway = await gatewayOfFile();
    await askGateway(gateway, ONE, { variables: { id: CHAT }, token: await callerToken({ sub: 'me', roles: ['r'] }) });
    const expected = { secret: INTERNAL_SECRET, audience: 'database', now: systemClock.now() };
    expect(await checkInternalToken(expected, database.received[0]?.headers.authorization)).toEqual({
      kind: 'caller',
      caller: { sub: 'me', roles: ['r'] },
    });
  });

  test('with a token the schema can be asked for, every part of it described', async () => {
    const gateway = await gatewayOfFile();
    const { status, body } = await askGateway<{ __schema: { types: { name: string; description: string | null }[] } }>(
      gateway,
      '{ __schema { types { name description } } }',
    );
    expect(status).toBe(200);
    const types = body.data?.__schema.types ?? [];
    expect(types.map(({ name }) => name)).toContain('ChatRuntime');
    expect(types.filter(({ description }) => !description)).toEqual([]);
  });
});

describe('input', () => {
  const MALFORMED = [
    '',
    'x',
    CHAT.slice(1),
    `${CHAT}0`,
    CHAT.replaceAll('-', ''),
    `{${CHAT}}`,
    ` ${CHAT}`,
    `g${CHAT.slice(1)}`,
  ];
  const many = (n: number) => Array.from({ length: n }, () => CHAT);

  test.each([
    ...MALFORMED.map((id) => [
      `the literal ${JSON.stringify(id)}`,
      `{ chatDebugSnapshot(chatId: ${JSON.stringify(id)}) { chatId } }`,
      {},
    ]),
    ...MALFORMED.map((id) => [`the variable ${JSON.stringify(id)}`, ONE, { id }]),
    ['a number as an id', '{ chatDebugSnapshot(chatId: 5) { chatId } }', {}],
    ['a number as an id in a variable', ONE, { id: 5 }],
    ['no id', ONE, {}],
    ['a default that is no id', 'query ($id: UUID! = "x") { chatDebugSnapshot(chatId: $id) { chatId } }', {}],
    ['one bad id in a literal list', `{ chatDebugSnapshots(chatIds: ["${CHAT}", "x"]) { chatId } }`, {}],
    ['one bad id in a list', MANY, { ids: [CHAT, 'x'] }],
    ['null in a list', MANY, { ids: [CHAT, null] }],
    ['a bad id inside a literal input object', '{ chats(filter: { workerId: "x" }) { edges { cursor } } }', {}],
    ['a bad id inside an input object', FILTER, { filter: { ownerId: 'x' } }],
    [
      'a bad id in a literal input object with a variable',
      'query ($w: UUID) { chats(filter: { workerId: $w }) { edges { cursor } } }',
      { w: 'x' },
    ],
    ['an unknown field of an input object', FILTER, { filter: { nonsense: 1 } }],
    [
      'null where a variable with a default decides what is answered',
      `query ($if: Boolean = true) { chatDebugSnapshot(chatId: "${CHAT}") { chatId @include(if: $if) } }`,
      { if: null },
    ],
    ['101 ids', MANY, { ids: many(101) }],
    ['101 literal ids', `{ chatDebugSnapshots(chatIds: ${JSON.stringify(many(101))}) { chatId } }`, {}],
    ['101 values inside an input object', FILTER, { filter: { status: many(101) } }],
  ] as [string, string, unknown][])(
    '%s: 400 with BAD_USER_INPUT, no data, and nothing is sent',
    async (_, query, variables) => {
      const database = emptiedDatabase();
      const gateway = await gatewayOfFile();
      const { status, body } = await askGateway(gateway, query, { variables });
      expect([status, body.errors?.map(({ extensions }) => extensions.code)]).toEqual([400, ['BAD_USER_INPUT']]);
      expect(body).not.toHaveProperty('data');
      expect(database.received).toEqual([]);
    },
  );

  test('the refusal says what was received and what is expected, in a message of bounded length', async () => {
    const gateway = await gatewayOfFile();
    const short = await askGateway(gateway, ONE, { variables: { id: 'chat-1' } });
    expect(short.body.errors?.[0]?.message).toMatch(/"chat-1".*8-4-4-4-12 hexadecimal digits/);
    const literal = await askGateway(gateway, '{ chatDebugSnapshot(chatId: "chat-1") { chatId } }');
    expect(literal.body.errors?.[0]?.message).toMatch(/8-4-4-4-12 hexadecimal digits.*"chat-1"/);
    const list = await askGateway(gateway, MANY, { variables: { ids: many(101) } });
    expect(list.body.errors?.[0]?.message).toBe('A list may hold at most 100 values. Received 101.');
    const long = await askGateway(gateway, ONE, { variables: { id: 'x'.repeat(50_000) } });
    expect(long.body.errors?.[0]?.message.length).toBeLessThan(600);
  });

  test('a list nested as deep as a body allows is refused, not a crash', async () => {
    const gateway = await gatewayOfFile();
    const body = `{"query":${JSON.stringify(MANY)},"variables":{"ids":${'['.repeat(40_000)}${']'.repeat(40_000)}}}`;
    const authorization = `Bearer ${await callerToken()}`;
    const headers = { 'content-type': 'application/json', authorization };
    const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
    expect(response.status).toBe(400);
  });

  test('100 ids, ids in upper case and an empty list go on', async () => {
    const database = emptiedDatabase();
    const gateway = await gatewayOfFile();
    for (const ids of [many(100), [CHAT.toUpperCase()], []]) {
      expect((await askGateway(gateway, MANY, { variables: { ids } })).status).toBe(200);
    }
    expect(database.received).toHaveLength(3);
  });
});

describe('over HTTP', () => {
  const get = async (gateway: { url: string }, path: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${await callerToken()}`, ...headers } });

  test('GET answers queries', async () => {
    const gateway = await gatewayOfFile();
    const query = encodeURIComponent(`{ chatDebugSnapshot(chatId: "${CHAT}") { chatId } }`);
    const response = await get(gateway, `/graphql?query=${query}`);
    expect([response.status, await response.json()]).toEqual([200, { data: { chatDebugSnapshot: null } }]);
  });

  test('what is wrong with a request is said with 4xx, as GraphQL, and nothing internal with it', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
    const gateway = await startGateway(await emptyDatabase(), { log });
    const post = async (body: string, type = 'application/json') =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type, authorization: `Bearer ${await callerToken()}` },
        body,
      });
    const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } };
    const query = (text: string, more = {}) => post(JSON.stringify({ query: text, ...more }));
    const answers: [number, string, Response][] = [
      [400, 'GRAPHQL_PARSE_FAILED', await query('{')],
      [400, 'GRAPHQL_VALIDATION_FAILED', await query('{ nonsense }')],
      [400, 'OPERATION_RESOLUTION_FAILURE', await query('query A { __typename } query B { __typename }')],
      [400, 'OPERATION_RESOLUTION_FAILURE', await query('query A { __typename }', { operationName: 'C' })],
      [400, 'GRAPHQL_VALIDATION_FAILED', await query('subscription { x }')],
      [400, 'GRAPHQL_VALIDATION_FAILED', await query('mutation { x }')],
      [400, 'PERSISTED_QUERY_NOT_SUPPORTED', await query('{ __typename }', persisted)],
      [400, 'BAD_REQUEST', await query('')],
      [400, 'BAD_REQUEST', await post('{ no JSON')],
      [400, 'BAD_REQUEST', await post(`[${JSON.stringify({ query: '{ __typename }' })}]`)],
      [413, 'BAD_REQUEST', await query(`{ __typename } #${'x'.repeat(100_000)}`)],
      [415, 'BAD_REQUEST', await post('x', 'application/x-unknown')],
    ];
    for (const [status, code, response] of answers) {
      const text = await response.text();
      expect([response.status, JSON.parse(text).errors[0].extensions]).toEqual([status, { code }]);
      expect(text).not.toMatch(/stack|node_modules|\.ts:/);
    }
    expect(lines).toEqual([]);
  });

  test('every response has its own request id, also the refused ones', async () => {
    const gateway = await gatewayOfFile();
    const paths = ['/graphql', '/livez', '/readyz', '/nonsense', '/'];
    const responses = await Promise.all(paths.map((path) => fetch(`${gateway.url}${path}`)));
    const ids = responses.map(({ headers }) => headers.get('x-request-id'));
    expect(new Set(ids).size).toBe(paths.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('each refused request is one line of the log, without its token and its variables', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const gateway = await startGateway(await emptyDatabase(), { log });
    await askGateway(gateway, ONE, { variables: { id: 'my-secret-id' } });
    const token = `${await callerToken()}x`;
    const refused = await fetch(`${gateway.url}/graphql?query=x`, { headers: { authorization: `Bearer ${token}` } });
    const logged = await until('both refusals are logged', () => {
      const found = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'refused');
      return found.length >= 2 && found;
    });
    expect(logged).toMatchObject([
      { method: 'POST', route: '/graphql', status: 400 },
      { method: 'GET', route: '/graphql', status: 401, requestId: refused.headers.get('x-request-id') },
    ]);
    expect(lines.join()).not.toMatch(/my-secret-id|eyJ/);
  });

  test('what goes wrong inside is in the log with its message', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const masked = await servers.serve((response) =>
      sendJson(response, 200, { data: { chatDebugSnapshot: null }, errors: [{ message: 'division by zero' }] }),
    );
    const gateway = await startGateway(masked, { log });
    await askGateway(gateway, ONE, { variables: { id: CHAT } });
    const find = (msg: string) => lines.map((line) => JSON.parse(line)).find((line) => line.msg === msg);
    expect(find('masked').err.message).toContain('division by zero');
  });

  test('it is alive without the database subgraph, but not ready', async () => {
    const ready = await startGateway(await emptyDatabase());
    expect((await get(ready, '/readyz')).status).toBe(200);
    const without = await startGateway({ url: await deadUrl() });
    expect((await get(without, '/livez')).status).toBe(200);
    const notReady = await get(without, '/readyz');
    expect([notReady.status, await notReady.text()]).toEqual([503, 'database subgraph: does not answer at all']);
  });

  test.each([
    'The database does not answer.',
    'A question took too long. It wants the index `chats (parent_chat_id, id DESC)`, where archived = false.',
    'It waits for a lock on chats, held by another session (`idle in transaction`), for 12.5 s.',
    'SCHEMA_UNSUPPORTED: chat_messages.finish_reason is missing.\nstopping',
  ])('it passes on why the database subgraph is not ready: %j', async (reason) => {
    const behind = await servers.serve((response) => response.writeHead(503).end(reason));
    const answer = await get(await startGateway(behind), '/readyz');
    expect([answer.status, await answer.text()]).toEqual([503, `database subgraph: ${reason}`]);
  });

  test.each([
    '',
    '<h1>503</h1>',
    'connect ECONNREFUSED 10.0.0.7:5432',
    'no connection to 10.0.0.7',
    'db.prod.example.com does not answer',
    'db.internal does not answer',
    'localhost does not answer',
    'no answer from db:5432',
    'postgres://db/chats',
    'x'.repeat(501),
  ])('what may be an address, or no sentence of ours, is not passed on: %j', async (reason) => {
    const behind = await servers.serve((response) => response.writeHead(503).end(reason));
    const answer = await get(await startGateway(behind), '/readyz');
    const words = 'database subgraph: not ready, HTTP 503; it has no database, or is stopping';
    expect([answer.status, await answer.text()]).toEqual([503, words]);
  });

  test('GraphiQL is there for a browser, without a token', async () => {
    const gateway = await gatewayOfFile();
    for (const path of ['/graphiql', '/graphql']) {
      const response = await fetch(`${gateway.url}${path}`, { headers: { accept: 'text/html,*/*;q=0.8' } });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        expect.stringMatching('text/html'),
      ]);
    }
  });

  test('when the client goes away, the subgraph is not kept busy', async () => {
    const hung = await servers.hang();
    const gateway = await startGateway(hung, { databaseTimeoutMs: 3_600_000 });
    const client = new AbortController();
    const asking = fetch(`${gateway.url}/graphql?query={replicas{id}}`, {
      headers: { authorization: `Bearer ${await callerToken()}` },
      signal: client.signal,
    });
    const connection = await until('the gateway connects to the replica that hangs', () => hung.connections[0]);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    connection.resume();
    client.abort();
    await expect(asking).rejects.toThrow('aborted');
    await closed;
  });

  test('stopping finishes what runs, takes nothing new, and twice is once', async () => {
    const waiting: (() => void)[] = [];
    const slow = await servers.serve((response) => {
      waiting.push(() => sendJson(response, 200, { data: { chatDebugSnapshot: null } }));
    });
    const gateway = await startGateway(slow);
    const asking = askGateway(gateway, ONE, { variables: { id: CHAT } });
    const answer = await until('the subgraph is asked', () => waiting[0]);
    const begunMs = systemClock.monotonicMs();
    const stopping = [gateway.stop(), gateway.stop()];
    answer();
    expect((await asking).body).toEqual({ data: { chatDebugSnapshot: null } });
    await Promise.all(stopping);
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(8_000); // not until the client closes its connection
    await expect(fetch(`${gateway.url}/livez`)).rejects.toThrow('fetch failed');
  });
});

describe('a database subgraph that fails', () => {
  const failures: [string, () => Promise<{ url: string }>][] = [
    ['nothing listens', async () => ({ url: await deadUrl() })],
    ['it hangs', () => servers.hang()],
    ['HTML', () => servers.serve((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'))],
    [
      'a server error',
      () => servers.serve((response) => sendJson(response, 500, { errors: [{ message: 'a stack' }] })),
    ],
    [
      'it trusts no token of ours',
      () => servers.serve((response) => sendJson(response, 401, { errors: [{ message: 'no' }] })),
    ],
    ['no GraphQL', () => servers.serve((response) => sendJson(response, 200, []))],
  ];
  test.each(failures)('%s: DATABASE_UNAVAILABLE, and nothing internal', async (_, start) => {
    const gateway = await startGateway(await start(), { databaseTimeoutMs: 300 });
    const { status, body } = await askGateway(gateway, ONE, { variables: { id: CHAT } });
    expect([status, body.data]).toEqual([200, { chatDebugSnapshot: null }]);
    expect(body.errors).toEqual([
      { message: 'The database did not answer. Try again.', extensions: { code: 'DATABASE_UNAVAILABLE' } },
    ]);
  });

  test("its own errors come through with the contract's codes, others are masked, and no subgraph is named", async () => {
    const errors = [
      { message: 'Needs the role.', path: ['replicas'], extensions: { code: 'FORBIDDEN', stack: 'x', where: 'y' } },
      {
        message: 'SELECT failed at 10.0.0.1',
        path: ['chatDebugSnapshot'],
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      },
    ];
    const failing = await servers.serve((response) =>
      sendJson(response, 200, { data: { replicas: null, chatDebugSnapshot: null }, errors }),
    );
    const gateway = await startGateway(failing);
    const { body } = await askGateway(gateway, `{ replicas { id } chatDebugSnapshot(chatId: "${CHAT}") { chatId } }`);
    expect(body.errors).toEqual([
      { message: 'Needs the role.', path: ['replicas'], extensions: { code: 'FORBIDDEN' } },
      {
        message: expect.not.stringContaining('SELECT'),
        path: ['chatDebugSnapshot'],
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      },
    ]);
  });

  test('a null where the schema says there is none is an error at its place, not a silent loss', async () => {
    const wrong = await servers.serve((response) =>
      sendJson(response, 200, { data: { chatDebugSnapshot: { chatId: CHAT, takenAt: null } } }),
    );
    const gateway = await startGateway(wrong);
    const { body } = await askGateway(gateway, `{ chatDebugSnapshot(chatId: "${CHAT}") { chatId takenAt } }`);
    expect(body).toEqual({
      data: { chatDebugSnapshot: null },
      errors: [
        {
          message: expect.any(String),
          path: ['chatDebugSnapshot', 'takenAt'],
          extensions: { code: 'INTERNAL_SERVER_ERROR' },
        },
      ],
    });
  });
});
