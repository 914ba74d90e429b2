import { expect, test } from '@jest/globals';
import { callerToken, gatewaysPerTest } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();

const start = async (rateLimitPerMinute: number) =>
  startGateway(await servers.serve((response) => sendJson(response, 200, { data: {} })), { rateLimitPerMinute });

const ask = (gateway: { url: string }, token: string, more: Record<string, string> = {}, body = '{ __typename }') =>
  fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...more },
    body: JSON.stringify({ query: body }),
  });

test('one caller over the limit is refused with 429 and told when to come back; another is not', async () => {
  const gateway = await start(3);
  const [mine, mineToo, other] = await Promise.all([
    callerToken({ sub: 'me', roles: [] }),
    callerToken({ sub: 'me', roles: ['more'] }),
    callerToken({ sub: 'somebody else', roles: [] }),
  ]);
  for (const token of [mine, mineToo, mine]) expect((await ask(gateway, token)).status).toBe(200);
  for (const more of [{}, { 'x-forwarded-for': '10.0.0.1', 'x-user': 'nobody' }]) {
    const refused = await ask(gateway, mineToo, more);
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(await refused.json()).toEqual({
      errors: [{ message: expect.stringMatching(/At most 3 requests a minute/), extensions: { code: 'RATE_LIMITED' } }],
    });
  }
  const path = '/api/experimental/chats/cccccccc-0000-4000-8000-000000000001/debug/snapshot';
  const document = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${mine}` } });
  expect([document.status, await document.json()]).toMatchObject([429, { code: 'RATE_LIMITED' }]);
  expect((await ask(gateway, other)).status).toBe(200);
});

test('requests without a good token are 401 however many they are, and count for nobody', async () => {
  const gateway = await start(2);
  const forged = `${await callerToken({ sub: 'me', roles: [] })}x`;
  for (let i = 0; i < 5; i += 1) expect((await ask(gateway, forged)).status).toBe(401);
  expect((await ask(gateway, await callerToken({ sub: 'me', roles: [] }))).status).toBe(200);
});

test('a refused query counts like any other', async () => {
  const gateway = await start(1);
  const token = await callerToken();
  expect((await ask(gateway, token, {}, '{')).status).toBe(400);
  expect((await ask(gateway, token)).status).toBe(429);
});

test('0: no limit', async () => {
  const gateway = await start(0);
  const token = await callerToken();
  const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await ask(gateway, token)).status));
  expect(new Set(statuses)).toEqual(new Set([200]));
});
