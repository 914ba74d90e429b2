import { expect, jest, test } from '@jest/globals';
import { decodeJwt, type JWTPayload, SignJWT } from 'jose';
import { checkInternalToken, signInternalToken } from '../../../server/tokens/internalToken.ts';

const SECRET = 'an internal secret for tests, long enough';
const me = { sub: 'me', roles: ['a'] };

test('a token serves several requests, but no other caller, role, audience or secret', async () => {
  const token = await signInternalToken(SECRET, 'database', me);
  expect(await signInternalToken(SECRET, 'database', { ...me, roles: [...me.roles] })).toBe(token);
  const others = [
    await signInternalToken(SECRET, 'router', me),
    await signInternalToken(SECRET, 'database', { ...me, roles: [] }),
    await signInternalToken(SECRET, 'database', { ...me, roles: ['a', 'b'] }),
    await signInternalToken(SECRET, 'database', { ...me, sub: 'you' }),
    await signInternalToken(`${SECRET}, another`, 'database', me),
  ];
  expect(new Set([token, ...others]).size).toBe(6);
  const { exp = 0 } = decodeJwt(token);
  const check = (secondsBeforeEnd: number) =>
    checkInternalToken(
      { secret: SECRET, audience: 'database', now: new Date((exp - secondsBeforeEnd) * 1_000) },
      `Bearer ${token}`,
    );
  expect(await check(30)).toEqual({ kind: 'caller', caller: me });
  expect(await check(-5)).toEqual({ kind: 'invalid' });
});

test('its signature is checked once; for whom it is, until when and since when, each time', async () => {
  const nowSeconds = 1_800_000_000;
  const sign = (claims: JWTPayload) =>
    new SignJWT({ iss: 'chat-debug-gateway', aud: 'database', roles: ['a'], sub: 'me', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(SECRET));
  const token = await sign({ exp: nowSeconds + 30, nbf: nowSeconds - 10 });
  const verify = jest.spyOn(crypto.subtle, 'verify');
  const check = (atSeconds: number, audience = 'database', secret = SECRET, sent = token) =>
    checkInternalToken({ secret, audience, now: new Date(atSeconds * 1_000) }, `Bearer ${sent}`);
  const good = { kind: 'caller', caller: me };
  expect([await check(nowSeconds), await check(nowSeconds), await check(nowSeconds + 34)]).toEqual([good, good, good]);
  expect(await check(nowSeconds, 'router')).toEqual({ kind: 'other-audience' });
  expect(await check(nowSeconds - 6)).toEqual({ kind: 'invalid' }); // it would be good for too long
  expect(verify).toHaveBeenCalledTimes(1);
  expect(await check(nowSeconds + 35)).toEqual({ kind: 'invalid' });
  expect(await check(nowSeconds - 16)).toEqual({ kind: 'invalid' });
  expect(await check(nowSeconds, 'database', `${SECRET}, another`)).toEqual({ kind: 'invalid' });
  const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(43)}`;
  expect(await check(nowSeconds, 'database', SECRET, forged)).toEqual({ kind: 'invalid' });
  expect(await check(nowSeconds)).toEqual(good);
  verify.mockRestore();
});
