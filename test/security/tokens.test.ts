/** Tokens that must not let anybody in: their form, their place, and the answer. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { AUTH_SECRET, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { attackedSystem, expectRefusal, nowSeconds } from './support/attacked.ts';
import { bearer, type HeaderLines, JSON_BODY, send } from './support/raw.ts';

const system = attackedSystem({ AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'chat-debug' });
const CLAIMS = { sub: 'x', roles: [READ_ALL], iss: 'https://id.example', aud: 'chat-debug' };
const key = (secret: string) => new TextEncoder().encode(secret);
const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, secret = AUTH_SECRET) =>
  new SignJWT({ exp: nowSeconds() + 60, ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(key(secret));
/** Signed rightly, whatever the header says. */
function forge(header: object, payload: object = { exp: nowSeconds() + 60, ...CLAIMS }): string {
  const parts = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${parts}.${createHmac('sha256', AUTH_SECRET).update(parts).digest('base64url')}`;
}
const query = (text = '{ replicas { id } }') => JSON.stringify({ query: text });
const ask = (headers: HeaderLines, body = query(), target = '/graphql') =>
  send(system.gateway.url, { target, headers: [JSON_BODY, ...headers], body });

test('the good token, to compare with', async () => {
  const answer = await ask([bearer(await sign())]);
  expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: { replicas: [{ id: expect.any(String) }] } }]);
});

const TOKENS: [what: string, token: () => Promise<string> | string][] = [
  ['an empty one', () => ''],
  ['something else', () => 'abc'],
  ['three empty parts', () => '..'],
  ['one whose signature was cut off', async () => (await sign()).replace(/[^.]+$/, '')],
  ['one whose signature was changed', async () => (await sign()).replace(/.{4}$/, 'AAAA')],
  [
    'one whose payload was changed',
    async () => (await sign()).replace(/\.[^.]+\./, `.${(await sign({ sub: 'y' })).split('.')[1]}.`),
  ],
  ['another secret', () => sign({}, {}, 'another secret, which is long enough too')],
  ['the internal secret', () => sign({}, {}, INTERNAL_SECRET)],
  ['an internal token for the database', () => signInternalToken(INTERNAL_SECRET, 'database', CLAIMS)],
  ['an internal token for the gateway by its name', () => signInternalToken(INTERNAL_SECRET, 'chat-debug', CLAIMS)],
  ['no signature', () => new UnsecuredJWT({ exp: nowSeconds() + 60, ...CLAIMS }).encode()],
  ['alg none with a signature', () => forge({ alg: 'none' })],
  ['alg None', () => forge({ alg: 'None' })],
  ['alg RS256 over the secret', () => forge({ alg: 'RS256' })],
  ['alg HS512', () => sign({}, { alg: 'HS512' })],
  ['alg as a list', () => forge({ alg: ['HS256'] })],
  ['no alg', () => forge({ typ: 'JWT' })],
  ['crit for something unknown', () => forge({ alg: 'HS256', crit: ['x'], x: 1 })],
  ['crit for something known', () => forge({ alg: 'HS256', crit: ['b64'], b64: true })],
  ['kid that is a path, and its empty key', () => sign({}, { kid: '../../../dev/null' }, '\0'.repeat(32))],
  [
    'jku',
    () => sign({}, { jku: `${system.gateway.url}/jwks.json`, kid: 'x' }, 'the secret of an attacker, long enough'),
  ],
  ['jwk', () => sign({}, { jwk: { kty: 'oct', k: 'AAAA' } }, 'the secret of an attacker, long enough')],
  ['expired', () => sign({ exp: nowSeconds() - 60 })],
  ['never expires', () => sign({ exp: undefined })],
  ['not yet good', () => sign({ nbf: nowSeconds() + 60 })],
  ['a foreign issuer', () => sign({ iss: 'https://id.example.evil.example' })],
  ['no issuer', () => sign({ iss: undefined })],
  ['a foreign audience', () => sign({ aud: ['another', 'chat-debug-2'] })],
  ['no audience', () => sign({ aud: undefined })],
  ['no subject', () => sign({ sub: undefined })],
  ['a subject that is a list', () => sign({ sub: ['x'] })],
  ['roles as an object', () => sign({ roles: { 0: READ_ALL, length: 1 } })],
  ['a payload that is a list', () => forge({ alg: 'HS256' }, [])],
];

describe.each(TOKENS)('as a token: %s', (_, make) => {
  const PLACES: [string, (token: string) => HeaderLines][] = [
    ['bearer', (token) => [bearer(token)]],
    ['header', (token) => [['Coder-Session-Token', token]]],
    ['cookie', (token) => [['Cookie', `coder_session_token=${token}`]]],
  ];
  test.each(PLACES)('%s', async (_place, headers) => {
    await expectRefusal(system, await ask(headers(await make())), 401, 'UNAUTHENTICATED');
  });
});

describe('where a good token is', () => {
  const good = () => sign();
  const accepted: [string, () => Promise<HeaderLines>][] = [
    ['Authorization: bearer', async () => [['authorization', `bearer ${await good()}`]]],
    ['Coder-Session-Token', async () => [['Coder-Session-Token', await good()]]],
    ['the cookie', async () => [['Cookie', `a=b; coder_session_token=${await good()}; c=d`]]],
    [
      'the header, before a bad cookie',
      async () => [
        ['Coder-Session-Token', await good()],
        ['Cookie', 'coder_session_token=x'],
      ],
    ],
    ['Authorization, before a bad header', async () => [bearer(await good()), ['Coder-Session-Token', 'x']]],
  ];
  test.each(accepted)('taken: %s', async (_, headers) => {
    expect((await ask(await headers())).status).toBe(200);
  });

  const refused: [string, () => Promise<Parameters<typeof ask>>][] = [
    ['nowhere', async () => [[]]],
    ['in the address', async () => [[], query(), `/graphql?token=${await good()}&access_token=${await good()}`]],
    ['in the address as a header', async () => [[], query(), `/graphql?authorization=Bearer%20${await good()}`]],
    [
      'in the body',
      async () => [
        [],
        JSON.stringify({ query: '{ __typename }', access_token: await good(), extensions: { token: await good() } }),
      ],
    ],
    [
      'as the user of Basic',
      async () => [[['Authorization', `Basic ${Buffer.from(`${await good()}:`).toString('base64')}`]]],
    ],
    ['without its scheme', async () => [[['Authorization', await good()]]]],
    [
      'under another name',
      async () => [
        [
          ['X-Auth-Token', await good()],
          ['Proxy-Authorization', `Bearer ${await good()}`],
        ],
      ],
    ],
    [
      'in a cookie of another name',
      async () => [[['Cookie', `Coder_Session_Token=${await good()}; xcoder_session_token=${await good()}`]]],
    ],
    ['twice', async () => [[bearer(await good()), bearer(await good())]]],
    ['twice, with another', async () => [[bearer(await good()), bearer('x')]]],
    [
      'twice in the header',
      async () => [
        [
          ['Coder-Session-Token', await good()],
          ['Coder-Session-Token', await good()],
        ],
      ],
    ],
    ['two in one line', async () => [[['Authorization', `Bearer ${await good()}, Bearer ${await good()}`]]]],
    ['in the header, behind a bad Authorization', async () => [[bearer('x'), ['Coder-Session-Token', await good()]]]],
    [
      'in the header, behind an Authorization for somebody else',
      async () => [
        [
          ['Authorization', 'Basic eDp5'],
          ['Coder-Session-Token', await good()],
        ],
      ],
    ],
    [
      'in the cookie, behind a bad header',
      async () => [
        [
          ['Coder-Session-Token', ''],
          ['Cookie', `coder_session_token=${await good()}`],
        ],
      ],
    ],
  ];
  test.each(refused)('refused: %s', async (_, request) => {
    await expectRefusal(system, await ask(...(await request())), 401, 'UNAUTHENTICATED');
  });
});

test.each([
  ['introspection', '{ __schema { types { name } } }'],
  ['the service document', '{ _service { sdl } }'],
  ['a field that is almost right', '{ replicaz { id } }'],
  ['no GraphQL', '{{{'],
  ['a batch', ''],
])('without a token %s is told nothing of the schema', async (what, text) => {
  const body = what === 'a batch' ? `[${query()},${query()}]` : query(text);
  const answer = await ask([], body);
  await expectRefusal(system, answer, 401, 'UNAUTHENTICATED');
  expect(answer.body).not.toMatch(/replica|did you mean/i);
});

test('the same refusal for every reason: none says what was wrong', async () => {
  const answers = await Promise.all(
    [[], [bearer('x')], [bearer(await sign({ exp: 1 }))]].map((headers) => ask(headers)),
  );
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  for (const { headers } of answers) expect(headers['www-authenticate']).toBe('Bearer');
});

test.each([
  ['GET', '/graphql?query={__typename}'],
  ['HEAD', '/graphql?query={__typename}'],
  ['PUT', '/graphql'],
  ['GET', '/api/experimental/chats/0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55/debug/snapshot'],
  ['GET', '/api/experimental/chats/no-id/debug/snapshot'],
  ['DELETE', '/api/experimental/chats/no-id/debug/snapshot'],
])('%s %s is guarded, too', async (method, target) => {
  const answer = await send(system.gateway.url, { method, target });
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
});
