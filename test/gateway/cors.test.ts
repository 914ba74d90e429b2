import { beforeAll, describe, expect, test } from '@jest/globals';
import { readEnvironment } from '../../server/settings/config.ts';
import { callerToken, gatewayPerFile } from './gateways.ts';
import { deadUrl } from './httpServers.ts';

const ORIGIN = 'https://dashboard.example.com';
const SNAPSHOT = '/api/experimental/chats/cccccccc-0000-4000-8000-000000000001/debug/snapshot';
const API = ['/graphql', SNAPSHOT];

const database = { url: '' };
beforeAll(async () => {
  database.url = await deadUrl();
});
const start = gatewayPerFile(() => database);

const preflight = (url: string, origin: string) =>
  fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });

/** The headers of a response that a browser looks at. */
const corsHeaders = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

const CLOSED = [
  ['no origin is set', [], ORIGIN],
  ['another one is set', [ORIGIN], 'https://evil.example'],
  ['another scheme is set', [ORIGIN], ORIGIN.replace('https', 'http')],
  ['another port is set', [ORIGIN], `${ORIGIN}:8443`],
  ['a longer name is sent', [ORIGIN], `${ORIGIN}.evil.example`],
  ['a shorter name is sent', [ORIGIN], 'https://example.com'],
  ['null is sent', [ORIGIN], 'null'],
] as const;

describe('pages of other origins', () => {
  test.each(CLOSED)('may not call when %s', async (_, set, origin) => {
    const { url } = await start(set);
    for (const path of API) {
      const asked = await preflight(`${url}${path}`, origin);
      expect([asked.ok, corsHeaders(asked)]).toEqual([false, {}]);
      const sent = await fetch(`${url}${path}`, {
        headers: { origin, authorization: `Bearer ${await callerToken()}` },
      });
      expect(corsHeaders(sent)).toEqual({});
      if (set.length > 0) expect(sent.headers.get('vary')).toContain('Origin');
    }
  });

  test.each(API)('may call %s when they are named: the exact origin, never a wildcard', async (path) => {
    const { url } = await start(['https://first.example', ORIGIN]);
    const asked = await preflight(`${url}${path}`, ORIGIN);
    expect([asked.status, corsHeaders(asked)]).toEqual([
      204,
      {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, HEAD, POST',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-expose-headers': expect.stringContaining('x-request-id'),
        'access-control-max-age': '600',
      },
    ]);
    expect(asked.headers.get('vary')).toContain('Origin');
  });

  test('can read refusals, too', async () => {
    const { url } = await start([ORIGIN]);
    for (const path of API) {
      const response = await fetch(`${url}${path}`, { headers: { origin: ORIGIN } });
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, ORIGIN]);
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });

  test.each(['/', '/livez', '/readyz', '/graphiql/page.js', '/nonsense'])('never reach %s', async (path) => {
    const { url } = await start([ORIGIN]);
    for (const response of [
      await preflight(`${url}${path}`, ORIGIN),
      await fetch(`${url}${path}`, { headers: { origin: ORIGIN } }),
    ]) {
      expect(corsHeaders(response)).toEqual({});
    }
  });
});

describe('CORS_ORIGINS', () => {
  const read = (value: string) => readEnvironment(['CORS_ORIGINS'], [], [], { CORS_ORIGINS: value }).CORS_ORIGINS;

  test('takes origins, none by default', () => {
    expect([read(''), read('https://a.example, http://b.example:8080')]).toEqual([
      [],
      ['https://a.example', 'http://b.example:8080'],
    ]);
  });

  test.each([
    '*',
    'null',
    'a.example',
    'https://a.example/',
    'https://a.example/path',
    'https://*.example',
    'https://A.example',
    'ftp://a.example',
  ])('refuses %s', (value) =>
    expect(() => read(value)).toThrow('CORS_ORIGINS: must be origins such as https://example.com'),
  );
});
