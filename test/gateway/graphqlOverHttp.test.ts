/**
 * The GraphQL over HTTP specification (https://graphql.github.io/graphql-over-http/draft/), checked by its own audit.
 */
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { systemClock } from '../../common/clock.ts';
import { startGateway } from '../../gateway/server.ts';
import { databaseOverHttp } from '../../routing/transport/databaseSubgraph.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import { AUTH_SECRET, callerToken, DIAGNOSIS_SETTINGS, INTERNAL_SECRET } from './gateways.ts';
import { deadUrl } from './httpServers.ts';

const OLD_CLIENTS = `Apollo Server answers 400 in every media type. The specification asks for 200 only in \`application/json\`, for clients
  that cannot tell an error of GraphQL from one of a proxy; here both have the same shape, and 400 is what an operator sees.`;
/** Known deviations by the id of their audit, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  '572B': OLD_CLIENTS,
  FDE2: OLD_CLIENTS,
  '7B9B': `The same; and wrong input is HTTP 400 by this project's own promise, whatever the client accepts.`,
};

const holder: { gateway?: RunningServer } = {};
const url = () => holder.gateway?.url ?? '';

beforeAll(async () => {
  const dead = `${await deadUrl()}/graphql`;
  holder.gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    openDatabase: () =>
      databaseOverHttp({ ...{ url: dead, databaseTimeoutMs: 1_000 }, internalSecret: INTERNAL_SECRET }),
    replicas: { timeoutMs: 1_000, addressAllow: [] },
    diagnosis: DIAGNOSIS_SETTINGS,
    authSecret: AUTH_SECRET,
    maxCost: 10_000,
    rateLimitPerMinute: 0,
    mutationRateLimitPerMinute: 0,
    mcpRateLimitPerMinute: 0,
    streams: { perCaller: 1_000, max: 1_000 },
    corsOrigins: [],
    internalSecret: INTERNAL_SECRET,
    clock: systemClock,
    log: makeLogger('gateway', 'silent'),
  });
});
afterAll(() => holder.gateway?.stop());

async function withToken(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${await callerToken()}`);
  return fetch(path, { ...init, headers });
}

describe('the audit of graphql-http', () => {
  const audits = serverAudits({ url: () => `${url()}/graphql`, fetchFn: withToken });

  test('has the audits that are excepted', () => {
    const ids = audits.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    expect(ids).toEqual(expect.arrayContaining(Object.keys(EXCEPTIONS)));
  });

  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s %s', async (id, name, audit) => {
    const result = await audit.fn();
    if ('response' in result) await result.response.body?.cancel();
    const wanted = EXCEPTIONS[id] ? 'warn' : 'ok'; // a failed MUST would be an error, a failed MAY a notice
    expect([result.status, 'reason' in result && result.reason]).toEqual([
      wanted,
      wanted === 'ok' ? false : expect.any(String),
    ]);
    expect(name).toMatch(EXCEPTIONS[id] ? /^SHOULD/ : /./);
  });
});

describe('media types and verbs', () => {
  const post = (headers: Record<string, string>, body = JSON.stringify({ query: '{ __typename }' })) =>
    withToken(`${url()}/graphql`, { method: 'POST', headers, body });
  const json = { 'content-type': 'application/json' };

  test.each([
    ['application/json', 'application/json; charset=utf-8'],
    ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
  ])('Accept: %s is answered with %s', async (accept, type) => {
    const response = await post({ ...json, accept });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  test('406 for a client that accepts no JSON', async () => {
    expect((await post({ ...json, accept: 'image/png' })).status).toBe(406);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
  ])('415 for a body of %s', async (type) => {
    const response = await post({ 'content-type': type });
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
    ]);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])('405 for %s, with what is allowed', async (method) => {
    const response = await withToken(`${url()}/graphql?query={__typename}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test.each(['mutation { x }', 'subscription { replicas { id } }'])('GET does not run %s', async (query) => {
    const response = await withToken(`${url()}/graphql?query=${encodeURIComponent(query)}`);
    expect([response.status, Object.keys((await response.json()) as object)]).toEqual([405, ['errors']]);
  });
});

describe('stray requests', () => {
  const code = (code: string) => ({ errors: [{ message: expect.stringMatching(/\w/), extensions: { code } }] });

  test.each([
    '/nonsense',
    '/api/experimental/chats',
    '/graphql/',
    '/%zz',
    '/%ff?query=%zz',
    '/graphiql/../../package.json',
  ])('%s: 404 as JSON', async (path) => {
    for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.9', 'text/html;q=0, */*']) {
      const response = await fetch(`${url()}${path}`, { headers: { accept } });
      expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
      expect(await response.json()).toEqual(code('NOT_FOUND'));
    }
  });

  test.each([
    ['/nonsense', 'href="./"'],
    ['/chats/x/y?z=/a', 'href="../../"'],
    ['/%zz', 'href="./graphiql"'],
  ])('%s in a browser: 404 as a page whose links lead on, behind a prefix, too', async (path, link) => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const response = await fetch(`${url()}${path}`, { headers: { accept } });
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const page = await response.text();
    expect(page).toContain('nothing at this address');
    expect(page).toContain(link);
  });

  /** The status and the `Allow` of a verb that `fetch` refuses to send. */
  const sent = (method: string, path: string) =>
    new Promise<unknown[]>((resolve, reject) => {
      const asked = request(`${url()}${path}`, { method, headers: { accept: 'text/html' } }, (response) =>
        resolve([response.resume().statusCode, response.headers.allow]),
      );
      asked.on('error', reject).end();
    });

  test.each(['TRACE', 'PROPFIND'])('%s, which no path knows: 501, wherever it goes', async (method) => {
    for (const path of ['/', '/graphql', '/nonsense']) expect(await sent(method, path)).toEqual([501, undefined]);
  });

  test('a verb that other paths know: 404 where there is nothing', async () => {
    expect(await sent('DELETE', '/nonsense')).toEqual([404, undefined]);
  });

  test('a URL that is too long: 431 as JSON, with a request id', async () => {
    const response = await withToken(`${url()}/graphql?query=${'x'.repeat(17_000)}`);
    expect([response.status, await response.json()]).toEqual([431, code('BAD_REQUEST')]);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('what is no HTTP: 400 as JSON, and the connection is closed', async () => {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1');
    socket.write('\u0016\u0003\u0001 hello\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual(code('BAD_REQUEST'));
  });
});
