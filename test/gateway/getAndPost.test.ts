/** A query as JSON in a body, and in a URL: nobody can tell from the answer which way it came. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { fleetPerFile } from './fleet.ts';
import { callerToken } from './gateways.ts';

const { gateway, addReplica, insertReplica, insertChat } = fleetPerFile();

interface Request {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}

const SOME_ID = randomUUID();
const CHAT = 'query One($id: UUID!) { chatDebugSnapshot(chatId: $id)';
const RUNTIME = `${CHAT} { chatId runtime { reachability { status } runners { runnerId } } } }`;

/** Differences between any two answers. */
const WITHOUT_TIMES = [/"(elapsedMs|directoryAgeMs)":[\d.]+/g, /"takenAt":"[^"]+"/g];

async function answersOf(url: string, request: Request, token: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const parameters = Object.entries(request).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const post = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(request) });
  const get = await fetch(`${url}/graphql?${new URLSearchParams(parameters)}`, { headers });
  return Promise.all(
    [post, get].map(async (response) => ({
      status: response.status,
      type: response.headers.get('content-type'),
      caching: response.headers.get('cache-control'),
      body: WITHOUT_TIMES.reduce((text, times) => text.replaceAll(times, ''), await response.text()),
    })),
  );
}

const REQUESTS: [string, Request][] = [
  ['a chat', { query: RUNTIME, variables: { id: SOME_ID } }],
  ['the name of one of several operations', { query: `${RUNTIME} query Other { __typename }`, operationName: 'Other' }],
  [
    'one operation beside another, whose fragment has variables that only the other declares',
    {
      query: `query A { chats { edges { cursor } } } query B($id: UUID!) { ...F } fragment F on Query { chatDebugSnapshot(chatId: $id) { chatId } }`,
      operationName: 'A',
    },
  ],
  ['no name of several operations', { query: `${RUNTIME} query Other { __typename }` }],
  ['a name that the document lacks', { query: '{ __typename }', operationName: 'Nobody' }],
  ['an empty name', { query: '{ __typename }', operationName: '' }],
  ['a field that is not there', { query: '{ nothing chats { nothing } }' }],
  ['a variable that is missing', { query: RUNTIME }],
  ['a bad id in a variable', { query: RUNTIME, variables: { id: 'no id' } }],
  ['a bad id in the text', { query: '{ chatDebugSnapshot(chatId: "no id") { chatId } }' }],
  ['no GraphQL', { query: '{ chats' }],
  ['nothing', { query: '' }],
  ['too much', { query: `{ ${'a: __typename '.repeat(200)} }` }],
  ['what needs the role', { query: '{ replicas { id } }' }],
  [
    'the schema beside data',
    { query: `${CHAT} { t: __typename } __schema { queryType { name } } __typename }`, variables: { id: SOME_ID } },
  ],
  [
    'conditions',
    { query: `query ($yes: Boolean! = true) { a: __typename @include(if: $yes) b: __typename @skip(if: $yes) }` },
  ],
  [
    'names that objects have',
    { query: '{ __proto__: __typename constructor: __typename toString: chats { edges { cursor } } }' },
  ],
  ['what was asked of whom', { query: RUNTIME, variables: { id: SOME_ID }, extensions: { routing: true, cost: true } }],
  ['the plan', { query: '{ chats { edges { cursor } } }', extensions: { queryPlan: true } }],
];

describe.each(['an operator', 'a person'])('%s asks for', (who) => {
  test.each(REQUESTS)('%s', async (_, request) => {
    const front = await gateway();
    const token = await callerToken(who === 'a person' ? { sub: randomUUID() } : undefined);
    const [post, get] = await answersOf(front.url, request, token);
    expect(post).toEqual(get);
    expect(post?.body).not.toContain('INTERNAL_SERVER_ERROR');
  });
});

test('a chat whose replica is away is told the same way, and so is one whose replica answers', async () => {
  const replica = await addReplica();
  const away = await insertReplica('http://127.0.0.1:1');
  const front = await gateway();
  const token = await callerToken();
  for (const owner of [replica.id, away, null]) {
    const chat = await insertChat(owner);
    const [post, get] = await answersOf(front.url, { query: RUNTIME, variables: { id: chat } }, token);
    expect(post).toEqual(get);
    expect(post?.body).toContain(`"chatId":"${chat}"`);
  }
});

test.each([
  ['*/*', 'application/json; charset=utf-8'],
  ['application/json, multipart/mixed', 'application/json; charset=utf-8'],
  ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
  ['application/graphql-response+json, application/json', 'application/graphql-response+json; charset=utf-8'],
  ['application/graphql-response+json,application/json;q=0.9', 'application/graphql-response+json; charset=utf-8'],
])('who accepts %s gets %s, either way', async (accept, type) => {
  const front = await gateway();
  const headers = { authorization: `Bearer ${await callerToken()}`, 'content-type': 'application/json', accept };
  const query = '{ __typename }';
  const post = await fetch(`${front.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const get = await fetch(`${front.url}/graphql?${new URLSearchParams({ query })}`, { headers });
  expect([post, get].map((response) => response.headers.get('content-type'))).toEqual([type, type]);
});
