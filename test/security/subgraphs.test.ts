/** The processes behind the gateway, reached directly: tokens of callers, replayed ones, and none. */
import { describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { systemClock } from '../../common/clock.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { callerToken, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { attackedSystem, nowSeconds } from './support/attacked.ts';
import { bearer, type HeaderLines, JSON_BODY, type RawRequest, send } from './support/raw.ts';

const system = attackedSystem();
const OPERATOR = { sub: 'x', roles: [READ_ALL] };
const sign = (claims: Record<string, unknown>, secret = INTERNAL_SECRET, alg = 'HS256') =>
  new SignJWT({ exp: nowSeconds() + 20, iss: 'chat-debug-gateway', ...OPERATOR, ...claims })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));

const entity = () => ({ __typename: 'ChatRuntime', chatId: system.mine, workerId: system.replica.workerId });
const ENTITIES = 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }';
const targets = {
  database: {
    url: () => system.database.url,
    audience: () => 'database',
    requests: (): RawRequest[] => [
      { headers: [JSON_BODY], body: JSON.stringify({ query: '{ replicas { id } }' }) },
      { headers: [JSON_BODY], body: JSON.stringify({ query: '{ _service { sdl } }' }) },
      { headers: [JSON_BODY], body: '{ no JSON' },
      { headers: [JSON_BODY, ['Content-Length', '900000000']] },
      { method: 'GET', target: '/graphql?query={replicas{id}}' },
      { method: 'GET', target: '/' },
      { method: 'GET', target: '/nothing' },
      { method: 'GET', target: '/livez/../graphql?query={replicas{id}}' },
      { method: 'GET', target: '//graphql' },
      { method: 'PUT', target: '/livez' },
      { method: 'OPTIONS' },
    ],
  },
  replica: {
    url: () => system.replica.url,
    audience: () => system.replica.workerId,
    requests: (): RawRequest[] => [
      { headers: [JSON_BODY], body: JSON.stringify({ query: ENTITIES, variables: { r: [entity()] } }) },
      { headers: [JSON_BODY], body: JSON.stringify({ query: '{ _service { sdl } }' }) },
      { headers: [JSON_BODY], body: '{ no JSON' },
      { method: 'GET', target: `/chats/${system.mine}/stream` },
      { method: 'GET', target: '/chats/no-id/stream' },
      { method: 'HEAD', target: `/chats/${system.mine}/stream` },
      { method: 'GET', target: `/CHATS/${system.mine}/stream` },
      { method: 'GET', target: '/' },
      { method: 'GET', target: '/livez/x' },
      { method: 'DELETE', target: '/graphql' },
    ],
  },
};

const TOKENS: [what: string, headers: (audience: string) => Promise<HeaderLines>][] = [
  ['nothing', async () => []],
  ['the mark of a routed request', async () => [['X-Chat-Debug-Forwarded', '1']]],
  ["a caller's token", async () => [bearer(await callerToken())]],
  [
    "a caller's token in the other places",
    async () => {
      const token = await callerToken();
      return [
        ['Coder-Session-Token', token],
        ['Cookie', `coder_session_token=${token}`],
      ];
    },
  ],
  [
    'an internal token in the other places',
    async (audience) => {
      const token = await signInternalToken(INTERNAL_SECRET, audience, OPERATOR);
      return [
        ['Coder-Session-Token', token],
        ['Cookie', `coder_session_token=${token}`],
      ];
    },
  ],
  ['another secret', async (aud) => [bearer(await sign({ aud }, 'another secret, which is long enough too'))]],
  ['another algorithm', async (aud) => [bearer(await sign({ aud }, INTERNAL_SECRET, 'HS512'))]],
  ['another issuer', async (aud) => [bearer(await sign({ aud, iss: 'chat-debug' }))]],
  ['no audience', async () => [bearer(await sign({}))]],
  ['expired', async (aud) => [bearer(await sign({ aud, exp: nowSeconds() - 10 }))]],
  ['good for a minute', async (aud) => [bearer(await sign({ aud, exp: nowSeconds() + 60 }))]],
  ['good for ever', async (aud) => [bearer(await sign({ aud, exp: undefined }))]],
  ['no caller', async (aud) => [bearer(await sign({ aud, sub: undefined }))]],
];

describe.each(['database', 'replica'] as const)('%s', (name) => {
  const { url, audience, requests } = targets[name];

  test.each(TOKENS)('with %s every request is refused alike, before it is looked at', async (_, makeHeaders) => {
    const headers = await makeHeaders(audience());
    const before = system.tap.statements.length;
    for (const request of requests()) {
      const answer = await send(url(), { ...request, headers: [...(request.headers ?? []), ...headers] });
      expect([request, answer.status, answer.headers['www-authenticate']]).toEqual([request, 401, 'Bearer']);
      if (request.method === 'HEAD') continue;
      expect(JSON.parse(answer.body)).toEqual({
        errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
      });
    }
    expect(system.tap.statements.length).toBe(before);
  });

  test('what an orchestrator asks is open, and holds no id', async () => {
    for (const target of ['/livez', '/readyz', '/metrics']) {
      const answer = await send(url(), { method: 'GET', target });
      expect([target, answer.status]).toEqual([target, 200]);
      expect(answer.body).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    }
  });

  test('five seconds after its end a token is still good, for clocks that differ', async () => {
    const token = await sign({ aud: audience(), exp: nowSeconds() - 1 });
    const [request = {}] = requests();
    const answer = await send(url(), { ...request, headers: [...(request.headers ?? []), bearer(token)] });
    expect([answer.status, JSON.parse(answer.body).errors]).toEqual([200, undefined]);
  });
});

describe('a token of another audience', () => {
  test('made for a replica or the router is no good at the database', async () => {
    for (const audience of [system.replica.workerId, 'router', 'diagnosis', 'Database', '', 'database ']) {
      const token = await signInternalToken(INTERNAL_SECRET, audience, OPERATOR);
      const [request = {}] = targets.database.requests();
      const answer = await send(system.database.url, { ...request, headers: [JSON_BODY, bearer(token)] });
      expect([audience, answer.status]).toEqual([audience, 401]);
    }
    const both = await sign({ aud: ['database', 'router'] });
    const answer = await send(system.database.url, { headers: [JSON_BODY, bearer(both)], body: '{}' });
    expect(answer.status).toBe(401);
  });

  test('made for the database or another replica gets from a replica its id and nothing more', async () => {
    const other = '11111111-2222-4333-8444-555555555555';
    for (const audience of ['database', 'router', other, system.replica.workerId.toUpperCase()]) {
      const token = await signInternalToken(INTERNAL_SECRET, audience, OPERATOR);
      for (const request of targets.replica.requests()) {
        if (request.method === 'HEAD') continue;
        const answer = await send(system.replica.url, {
          ...request,
          headers: [...(request.headers ?? []), bearer(token)],
        });
        expect([answer.status, JSON.parse(answer.body)]).toEqual([
          421,
          {
            errors: [
              {
                message: `This is replica ${system.replica.workerId}, not the one that was asked for.`,
                extensions: {
                  code: 'REPLICA_REFUSED',
                  localWorkerId: system.replica.workerId,
                  fields: { localWorkerId: system.replica.workerId, workerIdMatchesLocal: false },
                },
              },
            ],
          },
        ]);
      }
    }
  });

  test('what the gateway makes is good for half a minute at most', async () => {
    const token = await signInternalToken(INTERNAL_SECRET, 'database', OPERATOR);
    const { exp, sub, aud } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect([sub, aud]).toEqual(['x', 'database']);
    expect(exp - systemClock.now().getTime() / 1000).toBeLessThanOrEqual(30);
  });
});
