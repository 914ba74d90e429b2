/** What of a request over HTTP is a question. What is none, Apollo Server refuses: test/security/requests.test.ts. */
import { expect, test } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { readQuestion } from '../../../server/graphql/question.ts';

const read = (request: Partial<Pick<FastifyRequest, 'method' | 'url' | 'headers' | 'body'>>) =>
  readQuestion({ method: 'POST', url: '/graphql', headers: {}, body: undefined, ...request } as FastifyRequest);
const post = (body: unknown) => read({ body });
const get = (parameters: string, headers = {}) => read({ method: 'GET', url: `/graphql${parameters}`, headers });

const QUERY = '{ a }';
const question = (members: object) => ({
  ...{ query: undefined, operationName: undefined, variables: undefined, extensions: undefined },
  ...members,
});

test.each([
  [{ query: QUERY }, question({ query: QUERY })],
  [{ query: QUERY, variables: null, operationName: null }, question({ query: QUERY, operationName: null })],
  [
    { query: QUERY, variables: { a: [1] }, operationName: '' },
    question({ query: QUERY, variables: { a: [1] } }), // an empty name is none
  ],
  [{ query: null, extensions: { persistedQuery: {} } }, question({ extensions: { persistedQuery: {} } })],
  [{}, question({})],
])('the body %j asks', (body, asked) => {
  expect(post(body)).toEqual(asked);
});

test.each([
  [undefined],
  ['a text'],
  [[{ query: QUERY }]],
  [{ query: { a: 1 } }],
  [{ query: QUERY, variables: [] }],
  [{ query: QUERY, variables: '{}' }],
  [{ query: QUERY, extensions: [] }],
  [{ query: QUERY, operationName: 1 }],
])('the body %j is no question', (body) => {
  expect(post(body)).toBeUndefined();
});

test.each([
  ['?query={+a+}', question({ query: QUERY })],
  [
    '?query=%7B%20a%20%7D&variables={"a":1}&operationName=A',
    question({ query: QUERY, variables: { a: 1 }, operationName: 'A' }),
  ],
  ['?query={+a+}&operationName=', question({ query: QUERY })],
  ['?extensions={"persistedQuery":{"version":1}}', question({ extensions: { persistedQuery: { version: 1 } } })],
  ['', question({})],
])('the address %s asks', (parameters, asked) => {
  expect(get(parameters)).toEqual({ ...asked, isInUrl: true });
});

test.each([
  '?query={+a+}&query={+b+}',
  '?query={+a+}&variables={',
  '?query={+a+}&variables=null',
  '?query={+a+}&variables=[]',
  '?query={+a+}&extensions=1',
  '?query={+a+}&operationName=A&operationName=A',
])('the address %s is no question', (parameters) => {
  expect(get(parameters)).toBeUndefined();
});

test('a URL takes no content type but that of JSON', () => {
  const types = ['application/json', 'Application/JSON; charset=utf-8', 'text/plain', 'application/json-seq'];
  expect(types.map((type) => get('?query={+a+}', { 'content-type': type }) !== undefined)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
