import { expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { checkInternalToken, signInternalToken } from '../../common/internalToken.ts';

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
