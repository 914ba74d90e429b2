import { randomUUID } from 'node:crypto';
/** A gateway whose callers' tokens come from an identity provider: keys that rotate, and a provider that is away. */
import { expect, test } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { expectDocumented } from '../support/openapi.ts';
import { askGateway, gatewaysPerTest } from './gateways.ts';
import { deadUrl, sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const ISSUER = 'https://id.example';

async function makeKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const token = () =>
    new SignJWT({ sub: 'me', iss: ISSUER })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setExpirationTime('1m')
      .sign(privateKey);
  return { publicKey, token, jwk: { ...(await exportJWK(publicKey)), kid } };
}

const empty = () => servers.serve((response) => sendJson(response, 200, { data: null }));

test('a token of the provider is taken; one that is signed with its public key as a secret is not', async () => {
  const key = await makeKey('one');
  const provider = await servers.serve((response) => sendJson(response, 200, { keys: [key.jwk] }));
  const gateway = await startGateway(await empty(), {
    ...{ authSecret: undefined, authJwksUrl: `${provider.url}/jwks`, authIssuer: ISSUER },
  });
  const good = await askGateway(gateway, '{ __typename }', { token: await key.token() });
  expect([good.status, good.body]).toEqual([200, { data: { __typename: 'Query' } }]);
  const confused = await new SignJWT({ sub: 'me', iss: ISSUER })
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode(await exportSPKI(key.publicKey)));
  expect((await askGateway(gateway, '{ __typename }', { token: confused })).status).toBe(401);
  expect((await askGateway(gateway, '{ __typename }', { token: await (await makeKey('two')).token() })).status).toBe(
    401,
  );
});

test('while the provider is away, the answer is 503 and not that the token is bad; the log says what is wrong', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const url = await deadUrl();
  const gateway = await startGateway(await empty(), { authSecret: undefined, authJwksUrl: url, log });
  const key = await makeKey('one');
  for (const _ of [1, 2]) {
    const { status, headers, body } = await askGateway(gateway, '{ __typename }', { token: await key.token() });
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
    expect(body).toEqual({
      errors: [
        {
          message: 'The token cannot be checked at the moment. Try again.',
          extensions: { code: 'AUTHENTICATION_UNAVAILABLE' },
        },
      ],
    });
  }
  const snapshot = await fetch(`${gateway.url}/api/experimental/chats/${randomUUID()}/debug/snapshot`, {
    headers: { authorization: `Bearer ${await key.token()}` },
  });
  expectDocumented(snapshot.status, await snapshot.json());
  expect(snapshot.status).toBe(503);
  const { status } = await askGateway(gateway, '{ __typename }', { token: 'no token' });
  expect(status).toBe(401);
  const failures = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
  expect(failures).toMatchObject([{ msg: "the public keys of callers' tokens could not be read" }]);
  expect(lines.join()).not.toContain('eyJ');
});
