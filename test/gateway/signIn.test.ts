/** Signing in by a link: the code works once, for a minute, and nobody gets it by guessing or from another site. */
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { systemClock } from '../../common/clock.ts';
import { registerSignIn } from '../../gateway/http/signIn.ts';
import { makeApp } from '../../server/app.ts';
import { OWN_CALLER, signInternalToken } from '../../server/tokens/internalToken.ts';
import { type ManualClock, manualClock } from '../support/manualClock.ts';

const SECRET = 'a secret for this test, and none else';
const TOKEN = 'the.caller.token';

let app: FastifyInstance;
let clock: ManualClock;
let log: string;

beforeEach(() => {
  clock = manualClock(systemClock.now().getTime()); // tokens between processes are made by the real one
  log = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  const made = makeApp({
    ...{ maxBodyBytes: 100_000, givesIds: true, clock, log: pino({ level: 'trace' }, stream) },
    isNoted: () => true,
    observe: () => {},
  });
  app = made.app;
  registerSignIn(app, { internalSecret: SECRET, corsOrigins: [], clock });
});
afterEach(() => app.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const send = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, headers: { ...JSON_TYPE, ...headers }, payload: JSON.stringify(payload) });

async function newCode(): Promise<string> {
  const authorization = `Bearer ${await signInternalToken(SECRET, 'gateway', OWN_CALLER)}`;
  const answer = await send('/signin/codes', { token: TOKEN }, { authorization });
  expect(answer.statusCode).toBe(200);
  return answer.json().code;
}
const signIn = (code: string, headers: Record<string, string> = {}) => send('/signin', { code }, headers);

describe('a code', () => {
  test('is exchanged for the token, in an answer that nobody keeps', async () => {
    const answer = await signIn(await newCode());
    expect([answer.statusCode, answer.json()]).toEqual([200, { token: TOKEN }]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('works once', async () => {
    const code = await newCode();
    await signIn(code);
    const again = await signIn(code);
    expect([again.statusCode, again.json().errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(again.headers['cache-control']).toBe('no-store');
  });

  test('works for a minute', async () => {
    const [first, second] = [await newCode(), await newCode()];
    clock.advance(60_000);
    expect((await signIn(first)).statusCode).toBe(200);
    clock.advance(1);
    expect((await signIn(second)).statusCode).toBe(401);
  });

  test('signs in whatever others try from the same address, such as a proxy’s', async () => {
    const code = await newCode();
    for (let i = 0; i < 30; i += 1) expect((await signIn(`wrong-${i}`)).statusCode).toBe(401);
    expect((await signIn(code)).statusCode).toBe(200);
  });

  test('has 128 bits of chance, and is another one each time', async () => {
    const codes = [await newCode(), await newCode()];
    for (const code of codes) expect(code).toMatch(/^[\w-]{22}$/);
    expect(new Set(codes).size).toBe(2);
  });

  test('stands in no log, used or refused', async () => {
    const code = await newCode();
    await signIn(code);
    await signIn(code);
    expect(log).toContain('/signin');
    expect(log).not.toContain(code);
    expect(log).not.toContain(TOKEN);
  });
});

describe('who else asks', () => {
  test.each(['https://evil.example', 'null'])('a page of %s is refused, and the code stays good', async (origin) => {
    const code = await newCode();
    const answer = await signIn(code, { origin, host: 'debug.example' });
    expect([answer.statusCode, answer.json().errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
    expect((await signIn(code, { origin: 'https://debug.example', host: 'debug.example' })).statusCode).toBe(200);
  });

  test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=a'])(
    'a form that sends %s is refused',
    async (type) => {
      const code = await newCode();
      const answer = await app.inject({
        method: 'POST',
        url: '/signin',
        headers: { 'content-type': type },
        payload: `code=${code}`,
      });
      expect(answer.statusCode).toBe(415);
    },
  );

  test.each([{}, { code: '' }, { code: 7 }, { code: 'a'.repeat(201) }, []])(
    'a body of another form is refused: %j',
    async (body) => {
      expect((await send('/signin', body)).statusCode).toBe(400);
    },
  );

  test('a GET is refused, so that no address signs in', async () => {
    const answer = await app.inject({ method: 'GET', url: `/signin?code=${await newCode()}` });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST']);
  });

  test.each(['', 'Bearer the.caller.token'])(
    'nobody but a process of the system makes a code: %p',
    async (authorization) => {
      const answer = await send('/signin/codes', { token: TOKEN }, authorization ? { authorization } : {});
      expect(answer.statusCode).toBe(401);
    },
  );
});
