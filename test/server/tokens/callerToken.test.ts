/** Callers' tokens against a shared secret, and against an identity provider that rotates its keys and goes away. */
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { pino } from 'pino';
import { authenticationUnavailable, Refusal, unauthenticated } from '../../../server/graphql/answer.ts';
import { type CallerTokenOptions, makeCallerCheck } from '../../../server/tokens/callerToken.ts';
import { sendJson, serversPerTest } from '../../gateway/httpServers.ts';
import { type ManualClock, manualClock } from '../../support/manualClock.ts';

const servers = serversPerTest();
const SECRET = 'a secret of callers for tests, long enough';
const MINUTE_MS = 60_000;

interface Key {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

async function makeKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Good for an hour by `clock`, unless the claims say otherwise. */
function sign(
  clock: ManualClock,
  key: Pick<Key, 'alg' | 'kid' | 'privateKey'> | Uint8Array,
  claims: Record<string, unknown> = {},
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const exp = Math.floor(clock.now().getTime() / 1000) + 3600;
  const signer = new SignJWT({ sub: 'me', exp, ...claims });
  if (key instanceof Uint8Array) return signer.setProtectedHeader({ alg: 'HS256', ...header }).sign(key);
  return signer.setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

const GOOD = { sub: 'me', roles: [] };

describe('by a shared secret', () => {
  const clock = manualClock();
  const now = clock.now().getTime() / 1000;
  const secret = new TextEncoder().encode(SECRET);
  const log = pino({ level: 'silent' });
  const check = (token: string, more: Partial<CallerTokenOptions> = {}) =>
    makeCallerCheck({ authSecret: SECRET, ...more }, { clock, log })(token);

  test.each<[string, Record<string, unknown>, Partial<CallerTokenOptions>, boolean]>([
    ['nothing more than a subject and an end', {}, {}, true],
    ['any issuer and audience, where none is asked for', { iss: 'x', aud: ['y'] }, {}, true],
    ['the issuer', { iss: 'https://us' }, { authIssuer: 'https://us' }, true],
    ['another issuer', { iss: 'https://us.example' }, { authIssuer: 'https://us' }, false],
    ['no issuer', {}, { authIssuer: 'https://us' }, false],
    ['the audience among others', { aud: ['x', 'us'] }, { authAudience: 'us' }, true],
    ['another audience', { aud: 'x' }, { authAudience: 'us' }, false],
    ['no audience', {}, { authAudience: 'us' }, false],
    ['an end a moment ago', { exp: now - 3 }, {}, true],
    ['an end longer ago', { exp: now - 10 }, {}, false],
    ['no end', { exp: undefined }, {}, false],
    ['an end that is no number', { exp: '99999999999' }, {}, false],
    ['a start in a moment', { nbf: now + 3 }, {}, true],
    ['a start later', { nbf: now + 10 }, {}, false],
    ['no subject', { sub: undefined }, {}, false],
    ['an empty subject', { sub: '' }, {}, false],
    ['a subject that is no text', { sub: 5 }, {}, false],
    ['a subject longer than any user id', { sub: 'x'.repeat(256) }, {}, false],
    ['roles that are no list', { roles: 'chat-debug:read-all' }, {}, false],
    ['roles that are no texts', { roles: [1] }, {}, false],
  ])('a token with %s', async (_, claims, options, isGood) => {
    const checked = await check(await sign(clock, secret, claims), options);
    expect(checked instanceof Refusal).toBe(!isGood);
  });

  test('no header changes which algorithm is right, and none that asks for an extension is understood', async () => {
    const body = (await sign(clock, secret)).split('.')[1];
    const forge = (header: object, hash = 'sha256') => {
      const start = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`;
      return `${start}.${createHmac(hash, SECRET).update(start).digest('base64url')}`;
    };
    expect(await check(forge({ alg: 'HS256' }))).toEqual(GOOD);
    const refused = [
      ...[{ alg: 'none' }, { alg: 'None' }, { alg: 'hs256' }, { alg: 'RS256' }, {}, { alg: ['HS256'] }].map((header) =>
        forge(header),
      ),
      forge({ alg: 'HS512' }, 'sha512'),
      forge({ alg: 'HS256', crit: ['b64'], b64: true }),
      forge({ alg: 'HS256', crit: ['exp'] }),
      `${forge({ alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
      ...['', '.', '..', '...', 'a.b.c', '\0', forge({ alg: 'HS256' }).slice(0, -2)],
    ];
    for (const token of refused) expect([token, await check(token)]).toEqual([token, unauthenticated()]);
  });

  test('neither way, and both ways, are no way to check', () => {
    expect(() => makeCallerCheck({}, { clock, log })).toThrow(TypeError);
    const both = { authSecret: SECRET, authJwksUrl: 'http://127.0.0.1:1/' };
    expect(() => makeCallerCheck(both, { clock, log })).toThrow(TypeError);
  });
});

/** An identity provider whose keys and health a test sets, asked by a clock that a test moves. */
async function provider(...keys: JWK[]) {
  const state = { keys, respond: undefined as ((response: ServerResponse) => void) | undefined };
  const server = await servers.serve((response) => {
    if (state.respond) state.respond(response);
    else sendJson(response, 200, { keys: state.keys });
  });
  const clock = manualClock();
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const check = makeCallerCheck({ authJwksUrl: `${server.url}/jwks.json` }, { clock, log });
  return { state, clock, check, lines, asked: () => server.received.length };
}

describe('by the keys of an identity provider', () => {
  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('%s is taken, and the keys are asked for once', async (alg) => {
    const key = await makeKey('one', alg);
    const { clock, check, asked } = await provider(key.jwk);
    const token = await sign(clock, key);
    expect(await Promise.all([check(token), check(token)])).toEqual([GOOD, GOOD]);
    expect(await check(token)).toEqual(GOOD);
    expect(asked()).toBe(1);
  });

  test.each(['RS384', 'RS512', 'PS512', 'ES384'])('%s is not, though the provider has such a key', async (alg) => {
    const key = await makeKey('one', alg);
    const { clock, check } = await provider(key.jwk);
    expect(await check(await sign(clock, key))).toEqual(unauthenticated());
  });

  test('a public key is no shared secret, in whatever shape', async () => {
    const key = await makeKey('one', 'RS256');
    const { clock, check } = await provider(key.jwk);
    const shapes = [await exportSPKI(key.publicKey), JSON.stringify(key.jwk), key.jwk.n ?? ''];
    for (const shape of shapes) {
      const token = await sign(clock, new TextEncoder().encode(shape), {}, { kid: 'one' });
      expect(await check(token)).toEqual(unauthenticated());
    }
  });

  test('a shared secret among the keys is not used', async () => {
    const secret = new TextEncoder().encode(SECRET);
    const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'one', alg: 'HS256' };
    const { clock, check } = await provider(jwk);
    expect(await check(await sign(clock, secret, {}, { kid: 'one' }))).toEqual(unauthenticated());
  });

  test('the token cannot bring its own key, nor say where to get one', async () => {
    const [ours, theirs] = [await makeKey('one'), await makeKey('one')];
    const attacker = await servers.serve((response) => sendJson(response, 200, { keys: [theirs.jwk] }));
    const { clock, check } = await provider(ours.jwk);
    for (const header of [{ jwk: theirs.jwk }, { jku: attacker.url }, { x5u: attacker.url }, { x5c: ['AAAA'] }]) {
      expect(await check(await sign(clock, theirs, {}, header))).toEqual(unauthenticated());
    }
    expect(attacker.received).toEqual([]);
  });

  test('no key id that was not published names a key', async () => {
    const [ours, theirs] = [await makeKey('one'), await makeKey('two')];
    const { clock, check } = await provider(ours.jwk);
    for (const kid of ['../../dev/null', "x' OR 1=1 --", '__proto__', 'constructor', '', '\0', 'x'.repeat(5_000)]) {
      expect(await check(await sign(clock, { ...theirs, kid }))).toEqual(unauthenticated());
    }
  });

  test('a new key is fetched when it is first seen, the former one is refused from then on', async () => {
    const [old, next] = [await makeKey('old'), await makeKey('next')];
    const { state, clock, check, asked } = await provider(old.jwk);
    expect(await check(await sign(clock, old))).toEqual(GOOD);
    state.keys = [next.jwk];
    clock.advance(6_000);
    expect(await check(await sign(clock, next))).toEqual(GOOD);
    expect(asked()).toBe(2);
    expect(await check(await sign(clock, old))).toEqual(unauthenticated());
  });

  test('whoever invents key ids does not have the provider asked for each', async () => {
    const [ours, theirs] = [await makeKey('one'), await makeKey('two')];
    const { clock, check, asked } = await provider(ours.jwk);
    expect(await check(await sign(clock, ours))).toEqual(GOOD);
    clock.advance(6_000);
    const tokens = await Promise.all([...Array(20).keys()].map((i) => sign(clock, { ...theirs, kid: `x${i}` })));
    expect(await Promise.all(tokens.map(check))).toEqual(tokens.map(unauthenticated));
    for (const token of tokens) await check(token);
    expect(asked()).toBe(2);
  });

  test('a token with another algorithm, or none, does not have the provider asked at all', async () => {
    const { clock, check, asked } = await provider();
    await check(await sign(clock, new TextEncoder().encode(SECRET)));
    await check('a.b.c');
    expect(asked()).toBe(0);
  });

  test('the keys are read again in the background after ten minutes', async () => {
    const [old, next] = [await makeKey('old'), await makeKey('next')];
    const { state, clock, check, asked } = await provider(old.jwk);
    expect(await check(await sign(clock, old))).toEqual(GOOD);
    state.keys = [next.jwk];
    clock.advance(11 * MINUTE_MS);
    expect(await check(await sign(clock, old))).toEqual(GOOD); // nobody waits for it
    expect(await check(await sign(clock, next))).toEqual(GOOD); // waits for the reading that runs, and starts none
    expect(asked()).toBe(2);
  });

  const BROKEN: [string, (response: ServerResponse) => void][] = [
    ['fails', (response) => sendJson(response, 500, {})],
    ['redirects', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['resets', (response) => response.destroy()],
    ['says nothing in time', () => {}],
    ['sends HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['sends no keys', (response) => sendJson(response, 200, { keys: 'none' })],
  ];
  describe.each(BROKEN)('while the provider %s', (_, respond) => {
    test('nothing is known about a token, one line of the log says why, and it is not asked for each', async () => {
      const key = await makeKey('one');
      const { state, clock, check, lines, asked } = await provider(key.jwk);
      state.respond = respond;
      const token = await sign(clock, key);
      for (let i = 0; i < 5; i += 1) expect(await check(token)).toEqual(authenticationUnavailable());
      expect(asked()).toBe(1);
      expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
        "the public keys of callers' tokens could not be read",
      ]);
      expect(lines.join()).not.toContain(token);
      state.respond = undefined;
      clock.advance(6_000);
      expect(await check(token)).toEqual(GOOD);
    });

    test('keys that are known serve on, for a day', async () => {
      const key = await makeKey('one');
      const { state, clock, check } = await provider(key.jwk);
      expect(await check(await sign(clock, key))).toEqual(GOOD);
      state.respond = respond;
      clock.advance(23 * 60 * MINUTE_MS);
      expect(await check(await sign(clock, key))).toEqual(GOOD);
      clock.advance(61 * MINUTE_MS);
      expect(await check(await sign(clock, key))).toEqual(authenticationUnavailable());
    });
  });

  test('a key that cannot be used is the fault of the provider, not of the caller', async () => {
    const key = await makeKey('one');
    const { clock, check, lines } = await provider({ ...key.jwk, x: 'AAAA' });
    expect(await check(await sign(clock, key))).toEqual(authenticationUnavailable());
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["a public key of callers' tokens cannot be used"]);
  });
});
