/** Bad requests as HTTP, as JSON or as GraphQL, with a good token: all are refused alike, and nothing breaks. */
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { callerToken } from '../gateway/gateways.ts';
import { attackedSystem, expectRefusal, VARIABLE } from './support/attacked.ts';
import { bearer, type HeaderLines, JSON_BODY, type RawRequest, requestBytes, send, sendBytes } from './support/raw.ts';

const system = attackedSystem();
let token = '';
beforeAll(async () => {
  token = await callerToken();
});

const authorized = ({ headers = [], ...request }: RawRequest) =>
  send(system.gateway.url, { ...request, headers: [bearer(token), ...headers] });
const json = (body: string | Uint8Array, ...headers: HeaderLines) =>
  authorized({ headers: [JSON_BODY, ...headers], body });
const PING = JSON.stringify({ query: '{ __typename }' });
const ONE = 'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }';
const LIST = 'query ($filter: ChatFilter) { chats(filter: $filter) { edges { cursor } } }';
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const withVariables = (query: string, variables: string) =>
  `{"query":${JSON.stringify(query)},"variables":${variables}}`;

/** Whatever was sent, the next request is answered, and no prototype has anything new. */
afterEach(async () => {
  expect((await json(PING)).status).toBe(200);
  expect(Object.keys(Object.getPrototypeOf({}))).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

const BODIES: [what: string, body: string | Uint8Array, status: number, code: string][] = [
  ['a batch', `[${PING},${PING}]`, 400, 'BAD_REQUEST'],
  ['an empty batch', '[]', 400, 'BAD_REQUEST'],
  ['nothing', '', 400, 'BAD_REQUEST'],
  ['null', 'null', 400, 'BAD_REQUEST'],
  ['a text', '"query"', 400, 'BAD_REQUEST'],
  ['a query that is no text', '{"query":{"$ne":null}}', 400, 'BAD_REQUEST'],
  ['variables that are a list', `{"query":"{ __typename }","variables":[]}`, 400, 'BAD_REQUEST'],
  ['variables that are a text', `{"query":"{ __typename }","variables":"${VARIABLE}"}`, 400, 'BAD_REQUEST'],
  ['a body that was cut', PING.slice(0, -1), 400, 'BAD_REQUEST'],
  ['a body over the limit', `{"query":"${' '.repeat(100_000)}"}`, 413, 'BAD_REQUEST'],
  ['an id with NUL', withVariables(ONE, `{"id":"${VARIABLE}\\u0000"}`), 400, 'BAD_USER_INPUT'],
  ['an id with half a character', withVariables(ONE, '{"id":"\\ud800"}'), 400, 'BAD_USER_INPUT'],
  ['an id that is an operator', withVariables(ONE, '{"id":{"$gt":""}}'), 400, 'BAD_USER_INPUT'],
  ['an id that is a list', withVariables(ONE, `{"id":["${VARIABLE}"]}`), 400, 'BAD_USER_INPUT'],
  ['NUL in a query', JSON.stringify({ query: '{ __typename \0 }' }), 400, 'GRAPHQL_PARSE_FAILED'],
  [
    'invalid UTF-8 in a query',
    Buffer.concat([Buffer.from('{"query":"{ '), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from(' }"}')]),
    400,
    'GRAPHQL_PARSE_FAILED',
  ],
  ['UTF-16', Buffer.from(PING, 'utf16le'), 400, 'BAD_REQUEST'],
  ['__proto__ at the top', `{"query":"{ __typename }","__proto__":{"polluted":1}}`, 400, 'BAD_REQUEST'],
  [
    '__proto__ as a variable',
    withVariables(ONE, `{"id":"${VARIABLE}","__proto__":{"polluted":1}}`),
    400,
    'BAD_REQUEST',
  ],
  ['__proto__ in a filter', withVariables(LIST, '{"filter":{"__proto__":{"polluted":1}}}'), 400, 'BAD_REQUEST'],
  [
    '__proto__ in other letters',
    withVariables(LIST, '{"filter":{"\\u005f_proto__":{"polluted":1}}}'),
    400,
    'BAD_REQUEST',
  ],
  [
    'constructor.prototype in a filter',
    withVariables(LIST, '{"filter":{"constructor":{"prototype":{"polluted":1}}}}'),
    400,
    'BAD_REQUEST',
  ],
  ['constructor in a filter', withVariables(LIST, '{"filter":{"constructor":1}}'), 400, 'BAD_USER_INPUT'],
  ['toString in a filter', withVariables(LIST, '{"filter":{"toString":1}}'), 400, 'BAD_USER_INPUT'],
  ['an id as deep as a body allows', withVariables(ONE, `{"id":${nested(14_000)}}`), 400, 'BAD_USER_INPUT'],
  ['a filter as deep as a body allows', withVariables(LIST, `{"filter":${nested(14_000)}}`), 400, 'BAD_USER_INPUT'],
  [
    'a text where lists are, as deep as a body allows',
    withVariables(LIST, `{"filter":{"status":${'['.repeat(45_000)}${']'.repeat(45_000)}}}`),
    400,
    'BAD_USER_INPUT',
  ],
  ['a mutation', JSON.stringify({ query: 'mutation { x }' }), 400, 'GRAPHQL_VALIDATION_FAILED'],
  ['a subscription', JSON.stringify({ query: 'subscription { x }' }), 400, 'GRAPHQL_VALIDATION_FAILED'],
];

describe('as a body', () => {
  test.each(BODIES)('%s', async (_, body, status, code) => {
    await expectRefusal(system, withoutPlaces(await json(body)), status, code);
  });

  test.each([
    ['a variable that no operation has', `{"x":${nested(14_000)}}`],
    ['extensions', `{}, "extensions":{"a":${nested(14_000)}}`],
  ])('%s, as deep as a body allows, is not looked at', async (_, variables) => {
    const answer = await json(withVariables('{ __typename }', variables));
    expect([answer.status, answer.body]).toEqual([200, '{"data":{"__typename":"Query"}}\n']);
  });

  test.each([
    'application/xml',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
  ])('of the type %s', async (type) => {
    const answer = await authorized({ headers: [['Content-Type', type]], body: PING });
    await expectRefusal(system, answer, 415, 'BAD_REQUEST');
  });

  test.each(['gzip', 'br', 'x'])('said to be packed with %s', async (encoding) => {
    const answer = await json('\x1f\x8b\x08', ['Content-Encoding', encoding]);
    expect(answer.status).toBe(400);
  });
});

describe('as an address', () => {
  const GETS: [what: string, target: string, status: number, code: string][] = [
    ['no query', '/graphql', 400, 'BAD_REQUEST'],
    ['a mutation', '/graphql?query=mutation{x}', 405, 'BAD_REQUEST'],
    ['two queries', '/graphql?query={__typename}&query={replicas{id}}', 400, 'BAD_REQUEST'],
    ['variables that are no JSON', `/graphql?query={__typename}&variables=${VARIABLE}`, 400, 'BAD_REQUEST'],
    ['an escape that is none', '/graphql%', 404, 'NOT_FOUND'],
    ['invalid UTF-8', '/%ff%fe', 404, 'NOT_FOUND'],
    ['a parent folder', '/graphiql/../../../../etc/passwd', 404, 'NOT_FOUND'],
    ['a parent folder in escapes', '/graphiql/%2e%2e%2f%2e%2e%2fpackage.json', 404, 'NOT_FOUND'],
    ['a parent folder in Windows', '/graphiql/..\\..\\package.json', 404, 'NOT_FOUND'],
    ['a file that is there', '/graphiql/index.html', 404, 'NOT_FOUND'],
    ['a source file', '/gateway/main.ts', 404, 'NOT_FOUND'],
    ['NUL', '/graphql%00', 404, 'NOT_FOUND'],
    ['two slashes', '//graphql?query={__typename}', 404, 'NOT_FOUND'],
    ['other letters', '/GraphQL?query={__typename}', 404, 'NOT_FOUND'],
    ['a slash at the end', '/graphql/?query={__typename}', 404, 'NOT_FOUND'],
    ['a folder of Git', '/.git/config', 404, 'NOT_FOUND'],
  ];
  test.each(GETS)('%s', async (_, target, status, code) => {
    await expectRefusal(system, withoutPlaces(await authorized({ method: 'GET', target })), status, code);
  });

  test('a foreign host in the first line is no proxy request', async () => {
    const answer = await authorized({ method: 'GET', target: 'http://169.254.169.254/latest/meta-data' });
    expect(answer.status).toBe(404);
  });

  test('__proto__ in the variables of an address changes nothing', async () => {
    const variables = encodeURIComponent('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    const answer = await authorized({ method: 'GET', target: `/graphql?query={__typename}&variables=${variables}` });
    expect([answer.status, answer.body]).toEqual([200, '{"data":{"__typename":"Query"}}\n']);
  });

  test.each([
    ...['PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => [method, 405] as const),
    ...['TRACE', 'PROPFIND'].map((method) => [method, 501] as const),
  ])('with the verb %s: %d', async (method, status) => {
    const answer = await authorized({ method });
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain(token);
    expect(JSON.parse(answer.body).errors).toHaveLength(1);
  });
});

describe('as HTTP', () => {
  const head = (...lines: string[]) => `${['POST /graphql HTTP/1.1', ...lines].join('\r\n')}\r\n\r\n`;
  const good = () => ['Host: gateway.test', 'Content-Type: application/json', `Authorization: Bearer ${token}`];
  const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  const CHUNKED = `${PING.length.toString(16)}\r\n${PING}\r\n0\r\n\r\n`;
  const BYTES: [what: string, bytes: () => string | Uint8Array, status: number][] = [
    [
      'both lengths',
      () => head(...good(), 'Content-Length: 5', 'Transfer-Encoding: chunked') + CHUNKED + SMUGGLED,
      400,
    ],
    [
      'both lengths, the other way',
      () => head(...good(), 'Transfer-Encoding: chunked', 'Content-Length: 5') + CHUNKED + SMUGGLED,
      400,
    ],
    ['two lengths', () => head(...good(), 'Content-Length: 5', `Content-Length: ${PING.length}`) + PING, 400],
    [
      'two encodings',
      () => head(...good(), 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + CHUNKED,
      400,
    ],
    ['an encoding that ends otherwise', () => head(...good(), 'Transfer-Encoding: chunked, identity') + CHUNKED, 400],
    ['a length with a sign', () => head(...good(), `Content-Length: +${PING.length}`) + PING, 400],
    ['a length in hexadecimal', () => head(...good(), 'Content-Length: 0x10') + PING, 400],
    ['a chunk whose length is none', () => `${head(...good(), 'Transfer-Encoding: chunked')}xyz\r\n${PING}`, 400],
    ['a blank before the colon', () => head(...good(), 'Transfer-Encoding : chunked') + CHUNKED, 400],
    ['a header that goes on in the next line', () => head(...good(), 'X: a', ' b') + PING, 400],
    ['lines that end in LF alone', () => head(...good()).replaceAll('\r', ''), 400],
    ['a NUL in a header', () => head(...good(), 'X: a\0b'), 400],
    ['a version that is none', () => 'GET / HTTP/9.9\r\n\r\n', 400],
    ['TLS', () => Buffer.from('160301020001000001fc0303', 'hex'), 400],
    ['HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a giant header', () => head(...good(), `X: ${'x'.repeat(20_000)}`), 431],
    ['a giant token', () => head('Host: x', `Authorization: Bearer ${'x'.repeat(20_000)}`), 431],
    ['a giant cookie', () => head('Host: x', `Cookie: coder_session_token=${'x'.repeat(20_000)}`), 431],
    ['a giant address', () => requestBytes({ method: 'GET', target: `/graphql?query={${'x'.repeat(20_000)}}` }), 431],
    ['too many headers to fit', () => head(...good(), ...Array.from({ length: 3_000 }, (_, i) => `X${i}: y`)), 431],
  ];
  test.each(BYTES)('%s', async (_, bytes, status) => {
    const answer = await sendBytes(system.gateway.url, bytes());
    await expectRefusal(system, answer, status, 'BAD_REQUEST');
    expect(answer.text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1); // what came behind it is not answered
  });
});

/** Without a limit for its arrival each would hold a connection for ever. */
test('a body that does not come to its end: the connection is closed, whoever sends it to whichever process', async () => {
  const statuses = async ({ url }: { url: string }, ...headers: string[]) => {
    const lines = ['POST /graphql HTTP/1.1', 'Host: x', ...headers, 'Content-Type: application/json'];
    const { text } = await sendBytes(url, `${[...lines, 'Content-Length: 5000'].join('\r\n')}\r\n\r\n{`);
    return text.match(/(?<=^HTTP\/1\.1 )\d+/gm);
  };
  const { gateway, database, replica } = system;
  const answered = [gateway, database, replica].map((process) => statuses(process));
  expect(await statuses(gateway, `Authorization: Bearer ${token}`)).toEqual(['408']);
  for (const toAnybody of await Promise.all(answered)) expect(toAnybody?.[0]).toBe('401');
}, 60_000);

/** The place in the document that an error of GraphQL's own names beside its code. */
function withoutPlaces(answer: Awaited<ReturnType<typeof json>>) {
  const body = JSON.parse(answer.body);
  for (const error of body.errors ?? []) delete error.locations;
  return { ...answer, body: JSON.stringify(body) };
}
