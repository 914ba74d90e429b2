import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { Kind, parse, validate } from 'graphql';
import { tellBrowsersApart } from '../../gateway/http/browsers.ts';
import { exampleQueries, registerGraphiql } from '../../gateway/http/graphiql.ts';
import { clientSchema } from '../support/clientSchema.ts';

const app = Fastify();
let url = '';

beforeAll(async () => {
  tellBrowsersApart(app);
  registerGraphiql(app);
  app.route({ method: ['GET', 'POST'], url: '/graphql', handler: async () => ({ data: { answered: true } }) });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const get = (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, url), { headers });
const page = async () => (await get('/graphiql', { accept: BROWSER })).text();

/** Resources that an element of the page loads, without links to click on. */
const references = (html: string) => [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, path]) => path ?? '');

/** The status of a path that is sent as it is: `fetch` would clean it first. */
const statusOf = (path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const onAnswer = (answer: IncomingMessage) => resolve(answer.resume().statusCode);
    request({ hostname, port, path }, onAnswer).on('error', reject).end();
  });

describe('the page', () => {
  test.each(['/graphiql', '/graphql', '/graphql?query=%7B__typename%7D'])('a browser gets it at %s', async (path) => {
    const answer = await get(path, { accept: BROWSER });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('vary')).toBe('Accept');
    expect(await answer.text()).toContain('<title>chat-debug-gateway</title>');
  });

  test.each([
    '*/*',
    'application/json',
    'application/graphql-response+json, application/json',
    'text/html;q=0, application/json',
    'application/json, text/html;q=0.9, */*;q=0.1',
    'text/html; q=0.0',
    `text/html,${'a/b,'.repeat(3_000)}`, // longer than any browser's
  ])('a client that accepts %s reaches GraphQL at /graphql', async (accept) => {
    const answer = await get('/graphql?query=%7B__typename%7D', { accept });
    expect(await answer.json()).toEqual({ data: { answered: true } });
  });

  test.each(['application/json;q=0, text/html', 'application/json;q=0.5, text/html', 'TEXT/HTML'])(
    'a client that would rather have a page gets it: %s',
    async (accept) => {
      expect((await get('/graphql', { accept })).headers.get('content-type')).toBe('text/html; charset=utf-8');
    },
  );

  test('a POST reaches GraphQL, whatever it accepts', async () => {
    const answer = await fetch(`${url}/graphql`, { method: 'POST', headers: { accept: BROWSER } });
    expect(await answer.json()).toEqual({ data: { answered: true } });
  });

  test('it holds no inline code or style, and nothing of another host', async () => {
    const html = await page();
    const scripts = [...html.matchAll(/<script\b[^>]*>.*/g)].map(([line]) => line);
    expect(scripts).toHaveLength(4);
    for (const script of scripts) expect(script).toMatch(/^<script [^>]*\bsrc="[^"]+"><\/script>$/);
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|\/\//i);
    for (const path of references(html)) expect(path).toMatch(/^graphiql\/[\w.-]+$/);
  });

  test('it has a labelled field for a token', async () => {
    const html = await page();
    expect(html).toMatch(/<label for="token">/);
    expect(html).toMatch(/<input id="token"[^>]* autocomplete="off"/);
  });
});

describe('its files', () => {
  const TYPES: Readonly<Record<string, string>> = {
    js: 'text/javascript; charset=utf-8',
    css: 'text/css; charset=utf-8',
    svg: 'image/svg+xml',
    json: 'application/json; charset=utf-8',
  };

  test('each one that the page refers to is served with its type', async () => {
    const paths = [...references(await page()), 'graphiql/examples.json'];
    expect(paths.length).toBeGreaterThan(6);
    for (const path of paths) {
      const answer = await get(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get('content-type')).toBe(TYPES[path.split('.').at(-1) ?? '']);
      expect((await answer.text()).length).toBeGreaterThan(100);
    }
  });

  test('each carries the policy, and is asked for again when it has changed only', async () => {
    for (const path of ['/graphiql', ...references(await page())]) {
      const answer = await get(path);
      const { headers, status } = answer;
      await answer.arrayBuffer(); // a server that closes waits until it is read
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-cache');
      const again = await get(path, { 'if-none-match': headers.get('etag') ?? '' });
      expect([path, again.status]).toEqual([path, 304]);
    }
  });

  test.each([
    '/graphiql/',
    '/graphiql/index.html',
    '/graphiql/package.json',
    '/graphiql/examples/1-one-chat.graphql',
    '/graphiql/graphiql.min.js.map',
    '/graphiql/../graphiql.ts',
    '/graphiql/..%2fgraphiql.ts',
    '/graphiql/page.js/../../config.ts',
    '/graphiql/%2e%2e/%2e%2e/package.json',
    '/graphiql/..\\..\\package.json',
  ])('no other file is served: %s', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });
});

const schema = await clientSchema();

describe('the examples', () => {
  const examples = exampleQueries();

  test('there are seven, in this order, and the page gets them as they are', async () => {
    expect(examples.map(({ title }) => title)).toEqual([
      'One chat, both halves.',
      'The chats in trouble, the oldest trouble first.',
      'Who else holds this chat?',
      'The replicas, and what they hold in memory now.',
      'Several chats at once, counts only.',
      'Why is this chat stuck?',
      'What does this chat wait for?',
    ]);
    expect(await (await get('/graphiql/examples.json')).json()).toEqual(examples);
  });

  test.each(examples)('valid against the schema, with a value for each variable: $title', ({ query, variables }) => {
    const document = parse(query);
    expect(validate(schema, document)).toEqual([]);
    const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    expect(operations.map(({ name }) => name?.value)).toEqual([expect.any(String)]);
    const names = operations
      .flatMap((operation) => operation.variableDefinitions ?? [])
      .map((d) => d.variable.name.value);
    expect(Object.keys(variables ? JSON.parse(variables) : {})).toEqual(names);
  });

  test.each(examples)('its comment can be read whole beside the answer: $title', ({ query }) => {
    for (const line of query.split('\n')) expect(line.length).toBeLessThanOrEqual(52);
  });
});
