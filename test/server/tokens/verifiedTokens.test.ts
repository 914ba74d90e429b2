/** A token that was good once, checked again each time by the clock and by the key. */
import { expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { unauthenticated } from '../../../server/graphql/answer.ts';
import { makeCallerCheck } from '../../../server/tokens/callerToken.ts';
import { makeVerifiedTokens } from '../../../server/tokens/verifiedTokens.ts';
import { sendJson, serversPerTest } from '../../gateway/httpServers.ts';
import { manualClock } from '../../support/manualClock.ts';

const servers = serversPerTest();
const log = pino({ level: 'silent' });
const SECRET = 'a secret of callers for tests, long enough';
const GOOD = { sub: 'me', roles: [] };
const INVALID = unauthenticated();

test('it ends when it says, and is not good before it says, however often it was good in between', async () => {
  const clock = manualClock();
  const check = makeCallerCheck({ authSecret: SECRET }, { clock, log });
  const nowSeconds = Math.floor(clock.now().getTime() / 1_000);
  const token = await new SignJWT({ sub: 'me', exp: nowSeconds + 60 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  expect([await check(token), await check(token)]).toEqual([GOOD, GOOD]);
  clock.advance(64_000);
  expect(await check(token)).toEqual(GOOD); // within the leeway
  clock.advance(1_000);
  expect([await check(token), await check(token)]).toEqual([INVALID, INVALID]);
});

test('one with the same text but for its signature was never good', async () => {
  const check = makeCallerCheck({ authSecret: SECRET }, { clock: manualClock(), log });
  const token = await new SignJWT({ sub: 'me', exp: 99_999_999_999 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  expect(await check(token)).toEqual(GOOD);
  const other = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(43)}`;
  expect([await check(other), await check(token)]).toEqual([INVALID, GOOD]);
});

test('it is not good any more once the provider has taken its key back', async () => {
  const clock = manualClock();
  const [old, fresh] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
  const jwk = async (kid: string, { publicKey }: typeof old) => ({
    ...(await exportJWK(publicKey)),
    kid,
    alg: 'ES256',
  });
  let keys = [await jwk('old', old)];
  const provider = await servers.serve((response) => sendJson(response, 200, { keys }));
  const check = makeCallerCheck({ authJwksUrl: provider.url }, { clock, log });
  const sign = (kid: string, { privateKey }: typeof old) =>
    new SignJWT({ sub: 'me', exp: 99_999_999_999 }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
  const token = await sign('old', old);
  expect([await check(token), await check(token)]).toEqual([GOOD, GOOD]);
  keys = [await jwk('new', fresh)];
  clock.advance(6_000);
  expect(await check(await sign('new', fresh))).toEqual(GOOD); // the keys are read anew for it
  expect(await check(token)).toEqual(INVALID);
  keys = [await jwk('old', fresh)];
  clock.advance(6_000);
  expect(await check(await sign('old', fresh))).toEqual(GOOD);
  expect(await check(token)).toEqual(INVALID); // its name leads to another key
});

test('a thousand are held, those that were used last', () => {
  const tokens = makeVerifiedTokens(manualClock());
  const used = { header: { alg: 'HS256' }, key: new Uint8Array(32) };
  const caller = { sub: 'me', roles: [] };
  const find = (token: string) => tokens.find(token, () => used.key);
  const keep = (token: string) =>
    tokens.keep(token, { caller, payload: { exp: 99_999_999_999 }, used, leewaySeconds: 5 });
  for (let n = 0; n < 1_000; n += 1) keep(`token ${n}`);
  expect(find('token 0')).toBe(caller);
  keep('another');
  expect([find('token 0'), find('token 1'), find('token 2')]).toEqual([caller, undefined, caller]);
});

test('one that is very long is verified every time', () => {
  const tokens = makeVerifiedTokens(manualClock());
  const used = { header: { alg: 'HS256' }, key: new Uint8Array(32) };
  const token = 'x'.repeat(4_001);
  tokens.keep(token, { caller: { sub: 'me', roles: [] }, payload: { exp: 99_999_999_999 }, used, leewaySeconds: 5 });
  expect(tokens.find(token, () => used.key)).toBeUndefined();
});
