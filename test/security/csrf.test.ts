/** Requests that another site can make a browser send: a good cookie, and hardly any header. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { callerToken } from '../gateway/gateways.ts';
import { attackedSystem, expectRefusal } from './support/attacked.ts';
import { bearer, type HeaderLines, type RawRequest, send } from './support/raw.ts';

const system = attackedSystem({ CORS_ORIGINS: 'https://tools.example' });
let token = '';
beforeAll(async () => {
  token = await callerToken();
});
const cookie = () => ['Cookie', `coder_session_token=${token}`] as const;
const BODY = JSON.stringify({ query: '{ __typename }' });
const get = (...headers: HeaderLines): RawRequest => ({
  method: 'GET',
  target: '/graphql?query={__typename}',
  headers,
});
const post = (type: string | undefined, ...headers: HeaderLines): RawRequest => ({
  headers: [...headers, ...(type === undefined ? [] : [['Content-Type', type] as const])],
  body: BODY,
});
const withCookie = (request: RawRequest) =>
  send(system.gateway.url, { ...request, headers: [...(request.headers ?? []), cookie()] });

const JSON_TYPE = 'application/json';
const OWN = ['Origin', 'http://gateway.test'] as const;
const site = (value: string) => ['Sec-Fetch-Site', value] as const;

const REFUSED: [what: string, request: RawRequest][] = [
  ['an image', get()],
  ['an image, as a browser says so', get(site('cross-site'), ['Sec-Fetch-Dest', 'image'])],
  ['an image of a sister site', get(site('same-site'))],
  ['a link that was followed', get(site('cross-site'), ['Sec-Fetch-Mode', 'navigate'])],
  ['a form', post('application/x-www-form-urlencoded')],
  ['a form with a file', post('multipart/form-data; boundary=x')],
  ['a form of plain text', post('text/plain')],
  ['plain text that speaks of JSON', post('text/plain; application/json')],
  ['no type', post(undefined)],
  ['a type that begins like JSON', post('application/jsonp')],
  ['two types', post('text/plain, application/json')],
  ['JSON of a foreign page', post(JSON_TYPE, ['Origin', 'https://evil.example'])],
  ['JSON of a page of no origin', post(JSON_TYPE, ['Origin', 'null'])],
  ['JSON of a host that begins like ours', post(JSON_TYPE, ['Origin', 'http://gateway.test.evil.example'])],
  ['JSON of another port of ours', post(JSON_TYPE, ['Origin', 'http://gateway.test:8080'])],
  ['JSON of an origin like an allowed one', post(JSON_TYPE, ['Origin', 'https://tools.example.evil.example'])],
  ['an empty header of proof', get(['Apollo-Require-Preflight', ''])],
  ['a foreign page that has the proof', get(['Apollo-Require-Preflight', '1'], ['Origin', 'https://evil.example'])],
  ['an allowed origin without the proof', get(['Origin', 'https://tools.example'])],
];
const ACCEPTED: [what: string, request: RawRequest][] = [
  ['JSON', post(JSON_TYPE)],
  ['JSON with a charset', post('Application/JSON ; charset=utf-8')],
  ['JSON of a page of ours', post(JSON_TYPE, OWN)],
  ['JSON of a page of ours behind TLS', post(JSON_TYPE, ['Origin', 'https://gateway.test'])],
  ['JSON of an allowed origin', post(JSON_TYPE, ['Origin', 'https://tools.example'])],
  ["GET with Apollo's header", get(['Apollo-Require-Preflight', 'true'])],
  ["GET with Apollo's other header", get(['X-Apollo-Operation-Name', 'A'])],
  ['GET by a page of ours', get(site('same-origin'))],
  ['GET by an address that was typed', get(site('none'))],
];

describe('with a cookie', () => {
  test.each(REFUSED)('refused: %s', async (_, request) => {
    await expectRefusal(system, await withCookie(request), 403, 'FORBIDDEN');
  });
  test.each(ACCEPTED)('let in: %s', async (_, request) => {
    const answer = await withCookie(request);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: { __typename: 'Query' } }]);
  });
  test('the snapshot document is not to be had by another site either', async () => {
    const target = '/api/experimental/chats/0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55/debug/snapshot';
    expect((await withCookie({ method: 'GET', target, headers: [site('cross-site')] })).status).toBe(403);
    expect((await withCookie({ method: 'GET', target, headers: [site('none')] })).status).toBe(404);
  });
  test('a bad cookie is not told about anything but itself', async () => {
    const answer = await send(system.gateway.url, get(['Cookie', 'coder_session_token=x']));
    await expectRefusal(system, answer, 401, 'UNAUTHENTICATED');
  });
});

describe.each([
  ['a bearer token', () => bearer(token)],
  ['the header', () => ['Coder-Session-Token', token] as const],
])('with %s, which no other site can make a browser send', (_, header) => {
  test.each([get(), get(['Origin', 'https://evil.example'], site('cross-site')), post(JSON_TYPE, ['Origin', 'null'])])(
    '%j is let in',
    async (request) => {
      const answer = await send(system.gateway.url, { ...request, headers: [...(request.headers ?? []), header()] });
      expect(answer.status).toBe(200);
    },
  );
  test('a cookie beside it changes nothing', async () => {
    const answer = await send(system.gateway.url, get(header(), ['Cookie', 'coder_session_token=x']));
    expect(answer.status).toBe(200);
  });
});
