/** The console as the gateway serves it: its pages, its policy, its files. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { tellBrowsersApart } from '../../gateway/http/browsers.ts';
import { registerConsole } from '../../gateway/http/console.ts';
import { registerGraphiql } from '../../gateway/http/graphiql.ts';

const app = Fastify();
let url = '';

beforeAll(async () => {
  registerConsole(app);
  tellBrowsersApart(app);
  registerGraphiql(app);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, url), { headers, redirect: 'manual' });
const references = (html: string) => [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, path]) => path ?? '');

const CHAT = '018f3c1e-5b7a-4c2d-9e10-3f4a5b6c7d8e';
const PAGES = [
  '/',
  `/chats/${CHAT}`,
  '/replicas',
  `/replicas/${CHAT}`,
  '/incidents',
  '/incidents/1',
  '/actions',
  `/actions/${CHAT}`,
  '/keys',
];

describe('its pages', () => {
  test.each(PAGES)('%s carries the policy, and is asked for again each time', async (path) => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect((await get(path, { 'if-none-match': headers.get('etag') ?? '' })).status).toBe(304);
  });

  test.each(PAGES)('what %s refers to is found from there, also behind a path prefix', async (path) => {
    const html = await (await get(path)).text();
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|\/\//i);
    const prefixed = new URL(`http://proxy.example/prefix${path}`);
    for (const reference of references(html)) {
      const { pathname } = new URL(reference, prefixed);
      expect(pathname).toMatch(/^\/prefix\/(console|graphiql)\/[\w.-]+$/);
      const answer = await get(pathname.slice('/prefix'.length));
      expect([reference, answer.status]).toEqual([reference, 200]);
      await answer.arrayBuffer();
    }
  });

  const preloaded = async (path: string) =>
    [...(await (await get(path)).text()).matchAll(/rel="modulepreload" href="([^"]*)"/g)].map(([, file]) =>
      new URL(String(file), new URL(path, url)).pathname.slice(1),
    );

  test.each(PAGES)('%s names the files that it loads itself, so that they come with the first one', async (path) => {
    const files = await preloaded(path);
    expect(files.length).toBeGreaterThan(3);
    expect(new Set(files).size).toBe(files.length);
    for (const file of files) expect(file).toMatch(/^console\/part-\w+\.js$/);
  });

  test('each page names files of its own, and the list of them is not served', async () => {
    const all = await Promise.all(PAGES.map(preloaded));
    expect(new Set(all.map(String)).size).toBe(PAGES.length);
    expect((await get('/console/preloads.json')).status).toBe(404);
  });

  test.each(['?query=%7B__typename%7D', '?x=1&query=%7B'])(
    '/%s leads to GraphiQL, without a host of its own',
    async (search) => {
      const answer = await get(`/${search}`);
      expect([answer.status, answer.headers.get('location')]).toEqual([302, `graphiql${search}`]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    },
  );

  test('a state of the first page is no query', async () => {
    expect((await get('/?q=query&finding=NO_OWNER')).status).toBe(200);
  });

  test.each(['/chats', '/chats/a/b', '/console/', '/console/index.html', '/console/..%2fgateway.js', '/nothing'])(
    'no other path is served: %s',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );
});

describe('its files', () => {
  test('may be kept for ever, since their names change with what is in them', async () => {
    const html = await (await get('/')).text();
    const built = references(html).filter((path) => path.startsWith('console/'));
    expect(built.filter((path) => path.startsWith('console/main-'))).toHaveLength(2);
    for (const path of built) {
      expect(path).toMatch(/^console\/(main|part)-[A-Z0-9]{8}\.(js|css)$/);
      const answer = await get(path);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      await answer.arrayBuffer();
    }
  });

  test.each([
    ['gzip, deflate, br', 'gzip'],
    ['*', 'gzip'],
    ['gzip;q=0', null],
    ['gzip;q=0.2, identity;q=0.8', null],
    ['x-gzip-not', null],
    ['gzip,'.repeat(1_000), null], // longer than any browser's
    ['identity', null],
  ])('are compressed for clients that take it: %s', async (accepted, encoding) => {
    const answer = await get('/', { 'accept-encoding': accepted });
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(await answer.text()).toContain('<div id="console">');
  });
});
