/** Bodies that say that they are not UTF-8, on every route of every process. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { callerToken, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { attackedSystem } from './support/attacked.ts';
import { bearer, send } from './support/raw.ts';

const system = attackedSystem();
const tokens = { caller: '', database: '', replica: '' };
beforeAll(async () => {
  const caller = { sub: 'x', roles: [READ_ALL] };
  const internal = (audience: string) => signInternalToken(INTERNAL_SECRET, audience, caller);
  tokens.caller = await callerToken();
  tokens.database = await internal('database');
  tokens.replica = await internal(system.replica.workerId);
});

const PROCESSES = {
  gateway: { url: () => system.gateway.url, token: () => tokens.caller },
  database: { url: () => system.database.url, token: () => tokens.database },
  replica: { url: () => system.replica.url, token: () => tokens.replica },
};
const BODY = JSON.stringify({ query: '{ __typename }' });
const UNKNOWN = ['utf-16', 'klingon', '"iso-8859-1"', '', 'utf-8; charset=utf-16'];
const KNOWN = ['utf-8', 'UTF-8', '"utf-8"', 'utf8'];

describe.each(Object.entries(PROCESSES))('%s', (_name, { url, token }) => {
  const post = (charset: string, target = '/graphql', headers = [bearer(token())]) =>
    send(url(), {
      method: 'POST',
      target,
      headers: [...headers, ['Content-Type', `application/json; Charset = ${charset}`]],
      body: BODY,
    });

  test.each(UNKNOWN)('a body of the charset %s is refused', async (charset) => {
    const { status, body } = await post(charset);
    expect(status).toBe(415);
    expect(body).toContain('UTF-8');
    expect(body).not.toContain('Query');
  });

  test.each(KNOWN)('one of %s is read', async (charset) => {
    expect((await post(charset)).status).toBe(200);
  });

  test('whoever is not let in is told nothing of it, and a request without a body may say what it likes', async () => {
    expect((await post('klingon', '/graphql', [])).status).toBe(401);
    const { status } = await send(url(), {
      method: 'GET',
      target: '/livez',
      headers: [['Content-Type', 'application/json; charset=klingon']],
    });
    expect(status).toBe(200);
  });

  test('the same holds for a path that is not there', async () => {
    expect((await post('klingon', '/nothing')).status).toBe(415);
  });
});
