/** Log lines and metrics of requests to the gateway, answered or refused. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ANY_UUID, readMetrics } from '../support/metrics.ts';
import { until } from '../support/until.ts';
import { askGateway, callerToken, gatewaysPerTest } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const CHAT = 'cccccccc-0000-4000-8000-000000000001';
const ONE = (name: string) => `query ${name} ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }`;

const emptyDatabase = () =>
  servers.serve((response, { method }) => {
    if (method === 'GET') response.end('ok');
    else sendJson(response, 200, { data: { chatDebugSnapshot: null } });
  });

type Line = Record<string, unknown>;

function collectingLog() {
  const lines: Line[] = [];
  const write = (line: string) => {
    const parsed: Line = JSON.parse(line);
    if (!String(parsed.msg).startsWith('Gateway successfully loaded schema')) lines.push(parsed);
  };
  const log = pino({ level: 'info' }, { write });
  const lineOf = (response: { headers: Headers }) =>
    until('the request is logged', () =>
      lines.find(
        ({ msg, requestId }) =>
          ['answered', 'refused'].includes(String(msg)) && requestId === response.headers.get('x-request-id'),
      ),
    );
  return { log, lines, lineOf };
}

test('an answered request is one line: who asked, what it was called, and no value of a variable', async () => {
  const { log, lines, lineOf } = collectingLog();
  const database = await emptyDatabase();
  const gateway = await startGateway(database, { log });
  const response = await askGateway(gateway, ONE('OneChat'), { variables: { id: CHAT } });
  expect(await lineOf(response)).toMatchObject({
    level: 30,
    msg: 'answered',
    method: 'POST',
    route: '/graphql',
    caller: 'an-operator',
    operation: 'OneChat',
    status: 200,
    replicas: 0,
  });
  expect(lines).toHaveLength(1);
  expect(JSON.stringify(lines)).not.toMatch(/cccccccc|eyJ/);
  expect(database.received[0]?.headers['x-request-id']).toBe(response.headers.get('x-request-id'));
});

test('a request id of the client is not taken over', async () => {
  const gateway = await startGateway(await emptyDatabase());
  const mine = '0e7d3c52-7e2e-4f0a-9c5b-4a3f3c1e9d10';
  const response = await fetch(`${gateway.url}/graphql`, { headers: { 'x-request-id': mine } });
  expect(response.headers.get('x-request-id')).toMatch(ANY_UUID);
  expect(response.headers.get('x-request-id')).not.toBe(mine);
});

test('every kind of refusal is a line with the id that its client got, and its code', async () => {
  const { log, lines, lineOf } = collectingLog();
  const gateway = await startGateway(await emptyDatabase(), { log });
  const token = await callerToken();
  const send = (
    body: string,
    { type = 'application/json', authorization = `Bearer ${token}`, path = '/graphql' } = {},
  ) => fetch(`${gateway.url}${path}`, { method: 'POST', headers: { 'content-type': type, authorization }, body });
  const query = (text: string, more = {}) => send(JSON.stringify({ query: text, ...more }));
  const refusals: [number, string[] | undefined, Response][] = [
    [401, ['UNAUTHENTICATED'], await send('{}', { authorization: 'Bearer eyJ.secret.token' })],
    [400, ['GRAPHQL_PARSE_FAILED'], await query('{')],
    [400, ['GRAPHQL_VALIDATION_FAILED'], await query('{ nonsense }')],
    [400, ['BAD_USER_INPUT'], await query(ONE('Q'), { variables: { id: 'my-secret-value' } })],
    [400, ['BAD_REQUEST'], await send('{ no JSON')],
    [400, undefined, await query('')],
    [413, ['BAD_REQUEST'], await send('x'.repeat(200_000))],
    [415, ['BAD_REQUEST'], await send('x', { type: 'application/x-unknown' })],
    [404, ['NOT_FOUND'], await send('{}', { path: `/nonsense/${'x'.repeat(50)}` })],
    [404, ['NOT_FOUND'], await send('{}', { path: '/graphql/%zz' })],
    [
      405,
      ['BAD_REQUEST'],
      await fetch(`${gateway.url}/graphql`, { method: 'PUT', headers: { authorization: `Bearer ${token}` } }),
    ],
  ];
  for (const [status, codes, response] of refusals) {
    expect(response.status).toBe(status);
    const line = await lineOf(response);
    expect(line).toMatchObject({ msg: 'refused', status, ...(codes && { codes }) });
  }
  expect(lines.filter(({ msg }) => msg === 'refused')).toHaveLength(refusals.length);
  expect(JSON.stringify(lines)).not.toMatch(/my-secret-value|eyJ|nonsense\//);
});

test('an answer with errors in it says which', async () => {
  const { log, lineOf } = collectingLog();
  const failing = await servers.serve((response) => sendJson(response, 500, {}));
  const gateway = await startGateway(failing, { log });
  const response = await askGateway(gateway, ONE('Q'), { variables: { id: CHAT } });
  expect(await lineOf(response)).toMatchObject({ msg: 'answered', status: 200, codes: ['DATABASE_UNAVAILABLE'] });
});

test('a client that went away leaves a line, too', async () => {
  const { log, lines } = collectingLog();
  const hung = await servers.hang();
  const gateway = await startGateway(hung, { log, databaseTimeoutMs: 3_600_000 });
  const client = new AbortController();
  const init = { headers: { authorization: `Bearer ${await callerToken()}` }, signal: client.signal };
  const asking = fetch(`${gateway.url}/graphql?query={replicas{id}}`, init);
  (await until('the gateway connects to the subgraph that hangs', () => hung.connections[0])).resume();
  client.abort();
  await expect(asking).rejects.toThrow('aborted');
  expect(await until('the refusal is logged', () => lines.find(({ msg }) => msg === 'refused'))).toMatchObject({
    status: 499,
    caller: 'an-operator',
  });
});

test('a long name of an operation does not fill the log', async () => {
  const { log, lineOf } = collectingLog();
  const gateway = await startGateway(await emptyDatabase(), { log });
  const response = await askGateway(gateway, ONE(`Q${'q'.repeat(5_000)}`), { variables: { id: CHAT } });
  expect(String((await lineOf(response)).operation)).toHaveLength(100);
});

test('pages and probes that are answered well leave no line; a probe whose answer changes does', async () => {
  const { log, lines } = collectingLog();
  let status = 200;
  const database = await servers.serve((response) => response.writeHead(status).end());
  const gateway = await startGateway(database, { log });
  for (const path of ['/', '/livez', '/readyz', '/metrics', '/graphiql/page.js']) await fetch(`${gateway.url}${path}`);
  const ofRequests = () => lines.filter(({ msg }) => !/suspects|subgraph did not answer/.test(String(msg))); // whoever asks for the metrics starts that
  expect(ofRequests()).toEqual([]);
  status = 503;
  for (let i = 0; i < 3; i += 1) await fetch(`${gateway.url}/readyz`);
  status = 200;
  await fetch(`${gateway.url}/readyz`);
  expect(ofRequests()).toMatchObject([
    { level: 40, msg: 'not ready', reason: expect.stringMatching(/^database subgraph: not ready, HTTP 503/) },
    { level: 30, msg: 'ready again' },
  ]);
});

test('requests are counted by known operation and code; made-up names are one series', async () => {
  const gateway = await startGateway(await emptyDatabase());
  for (const name of ['OneChat', 'Made', 'Up', '']) await askGateway(gateway, ONE(name), { variables: { id: CHAT } });
  await askGateway(gateway, '{ nonsense }');
  await fetch(`${gateway.url}/graphql`, { method: 'POST' });
  await fetch(`${gateway.url}/nowhere`);
  const metrics = await until('the request for nothing is counted', async () => {
    const read = await readMetrics(gateway);
    return read.has('chat_debug_requests_total{operation="none",code="NOT_FOUND"}') && read;
  });
  const requests = [...metrics].filter(([name]) => name.startsWith('chat_debug_requests_total'));
  expect(Object.fromEntries(requests)).toEqual({
    'chat_debug_requests_total{operation="OneChat",code="OK"}': 1,
    'chat_debug_requests_total{operation="other",code="OK"}': 2,
    'chat_debug_requests_total{operation="none",code="OK"}': 1,
    'chat_debug_requests_total{operation="none",code="GRAPHQL_VALIDATION_FAILED"}': 1,
    'chat_debug_requests_total{operation="none",code="UNAUTHENTICATED"}': 1,
    'chat_debug_requests_total{operation="none",code="NOT_FOUND"}': 1,
  });
  expect(metrics.get('chat_debug_request_duration_seconds_count{operation="other"}')).toBe(2);
  expect(metrics.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  expect([...metrics.keys()].join('\n')).not.toMatch(ANY_UUID);
});

test('a query that is refused for its cost has its name in the log and the metrics', async () => {
  const { log, lineOf } = collectingLog();
  const gateway = await startGateway(await emptyDatabase(), { log, maxCost: 0 });
  const response = await askGateway(gateway, ONE('OneChat'), { variables: { id: CHAT } });
  expect(await lineOf(response)).toMatchObject({ operation: 'OneChat', status: 400 });
  const metrics = await readMetrics(gateway);
  expect(metrics.get('chat_debug_requests_total{operation="OneChat",code="QUERY_TOO_COMPLEX"}')).toBe(1);
});

test('however many probes come, a subgraph that hangs is asked once at a time', async () => {
  const hung = await servers.hang();
  const gateway = await startGateway(hung, { databaseTimeoutMs: 5_000 });
  const probes = await Promise.all(Array.from({ length: 50 }, () => fetch(`${gateway.url}/readyz`)));
  expect(new Set(await Promise.all(probes.map((probe) => probe.text())))).toEqual(
    new Set(['database subgraph: does not answer within 5000 ms']),
  );
  expect(probes.map(({ status }) => status)).toEqual(probes.map(() => 503));
  expect(hung.connections).toHaveLength(1);
});
