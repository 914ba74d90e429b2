/**
 * Questions that a subgraph answers, and those of which Apollo Server words a refusal.
 * test/gateway/inProcess/sameAnswers.test.ts checks that both answer alike.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { makeAnswering } from '../../../server/graphql/answering.ts';
import { wordRefusal } from '../../../server/graphql/apolloWords.ts';
import { clientError } from '../../../server/graphql/errors.ts';
import type { GraphqlBody } from '../../../server/graphql/question.ts';
import { resolvers } from '../../../subgraphs/runtime/resolvers.ts';

const schemaFile = new URL('../../../subgraphs/runtime/schema.graphql', import.meta.url);
const fails = (error: Error) => () => {
  throw error;
};
const withStatus = new GraphQLError('so it goes', { extensions: { code: 'FORBIDDEN', http: { status: 403 } } });
/** Told as `id of the request: error`. */
const logOf = (told: string[]) =>
  pino(
    {},
    {
      write: (text: string) => {
        const { requestId, err } = JSON.parse(text);
        told.push(`${requestId}: ${err.message}`);
      },
    },
  );
const answering = (told: string[] = [], write?: () => never) =>
  makeAnswering<{ requestId: string }>(
    {
      schemaFile,
      resolvers: {
        ...resolvers,
        ReplicaRuntime: {
          __resolveReference: async ({ workerId }: { workerId: string }) => ({
            workerId,
            reachability: { status: 'OK' },
          }),
          runnerCount: fails(clientError('NOT_FOUND', 'there is none')),
          bufferCount: fails(new Error('postgres://secret@10.0.0.1')),
          capacity: fails(withStatus),
        },
      },
      finish: ({ requestId }) => {
        told.push(`${requestId}: finished`);
        return requestId === 'adds' ? [{ message: 'one more' }] : [];
      },
    },
    write ? pino({}, { write }) : logOf(told),
  );

const workerId = randomUUID();
const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on ReplicaRuntime { workerId } } }';
const variables = { r: [{ __typename: 'ReplicaRuntime', workerId }] };
const entity = { status: 200, headers: {}, body: { data: { _entities: [{ workerId }] } } };

describe('answered as they are', () => {
  test.each<[string, GraphqlBody]>([
    ['an operation without a name', { query, variables }],
    ['a name that is the operation’s', { query: query.replace('query', 'query A'), variables, operationName: 'A' }],
    ['a name that is null', { query, variables, operationName: null }],
    [
      'one of two operations',
      { query: `${query.replace('query', 'query A')} query B { __typename }`, variables, operationName: 'A' },
    ],
  ])('%s', async (_, question) => {
    expect(await answering().answer(question, { requestId: 'it' })).toEqual(entity);
  });

  test('what is masked is logged first, and errors are added when all is done', async () => {
    const told: string[] = [];
    const fields = 'workerId runnerCount bufferCount capacity';
    const answer = await answering(told).answer(
      { query: query.replace('workerId', fields), variables },
      { requestId: 'adds' },
    );
    expect(answer?.body.data).toEqual({
      _entities: [{ workerId, runnerCount: null, bufferCount: null, capacity: null }],
    });
    expect(answer?.body.errors?.map(({ message, extensions }) => [message, extensions])).toEqual([
      ['there is none', { code: 'NOT_FOUND' }],
      ['Something went wrong in the service. Its log says what.', { code: 'INTERNAL_SERVER_ERROR' }],
      ['so it goes', { code: 'FORBIDDEN' }],
      ['one more', undefined],
    ]);
    expect(told).toEqual(['adds: postgres://secret@10.0.0.1', 'adds: finished']);
  });
});

test.each<[string, GraphqlBody]>([
  ['a syntax error', { query: '{' }],
  ['a field that there is not', { query: '{ nonsense }' }],
  ['introspection', { query: '{ __schema { types { name } } }' }],
  ['two operations and no name', { query: 'query A { __typename } query B { __typename }' }],
  ['another name', { query: 'query A { __typename }', operationName: 'B' }],
  ['an empty name', { query: 'query A { __typename }', operationName: '' }],
  ['a mutation', { query: 'mutation { __typename }' }],
])('%s is for Apollo Server to answer, and nothing is finished', async (_, question) => {
  const told: string[] = [];
  expect(await answering(told).answer(question, { requestId: 'it' })).toBeUndefined();
  expect(told).toEqual([]);
});

test('what is no entity is refused, and nothing is finished', async () => {
  const told: string[] = [];
  const answer = await answering(told).answer(
    { query, variables: { r: [{ __typename: 'Query' }] } },
    { requestId: 'it' },
  );
  expect([answer?.status, answer?.body.errors?.[0]?.extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
  expect(told).toEqual([]);
});

test('an operation that lacks a variable is for Apollo Server to answer, and finished', async () => {
  const told: string[] = [];
  expect(await answering(told).answer({ query }, { requestId: 'it' })).toBeUndefined();
  expect(told).toEqual(['it: finished']);
});

/** By the key of the entity: what the resolver of a field does. */
const ODD: Readonly<Record<string, () => unknown>> = {
  'a value': () => 3,
  'no value': () => null,
  'an error with a path': () => Promise.reject(Object.assign(new Error('secret'), { path: ['inside'] })),
  'what is no error': () => Promise.reject('secret'),
  'a code before other extensions': () =>
    Promise.reject(new GraphQLError('it', { extensions: { code: 'NOT_FOUND', id: 1 } })),
  'other extensions before a code': () => Promise.reject(clientError('NOT_FOUND', 'it', { id: 1 })),
  'a code that is null': () => Promise.reject(new GraphQLError('secret', { extensions: { code: null } })),
  'a status': () => Promise.reject(withStatus),
  'a status that is none': () => Promise.reject(new GraphQLError('it', { extensions: { code: 'FORBIDDEN', http: 7 } })),
  'a bad value': () => Promise.reject(new GraphQLError('it', { originalError: clientError('BAD_USER_INPUT', 'x') })),
};

describe('beside Apollo Server, which executes the same', () => {
  const served = makeAnswering<{ requestId: string }>(
    {
      schemaFile,
      resolvers: {
        ...resolvers,
        ReplicaRuntime: {
          __resolveReference: async (key: { workerId: string }) => key,
          runnerCount: ({ workerId: key }: { workerId: string }) => ODD[key]?.(),
        },
      },
    },
    pino({ level: 'silent' }),
  );
  beforeAll(() => served.apollo.start());
  afterAll(() => served.apollo.stop());

  test.each(Object.keys(ODD))('%s', async (key) => {
    const asked = {
      query: query.replace('workerId', 'runnerCount more: runnerCount'),
      variables: { r: [{ __typename: 'ReplicaRuntime', workerId: key }] },
    };
    const http = { method: 'POST', url: '/graphql', headers: { 'content-type': 'application/json' }, body: asked };
    const [ours, theirs] = [
      await served.answer(asked, { requestId: 'it' }),
      await wordRefusal(served.apollo, http, { requestId: 'it' }),
    ];
    expect(JSON.stringify([ours?.status, ours?.body])).toBe(JSON.stringify([theirs.status, theirs.body]));
    expect(theirs.headers).toMatchObject(ours?.headers ?? {});
  });
});

test('what was begun is finished even if its errors cannot be logged', async () => {
  const told: string[] = [];
  const odd = { query: query.replace('workerId', 'bufferCount'), variables: { r: [{ __typename: 'ReplicaRuntime' }] } };
  const served = answering(told, fails(new Error('the disk is full')));
  await expect(served.answer(odd, { requestId: 'it' })).rejects.toThrow('the disk is full');
  expect(told).toEqual(['it: finished']);
});

describe('a schema with more than queries', () => {
  const folder = mkdtempSync(join(tmpdir(), 'more-than-queries-'));
  const file = join(folder, 'schema.graphql');
  writeFileSync(file, 'type Query { a: Int } type Mutation { change: Int } type Subscription { changes: Int }');
  const executed: string[] = [];
  const execute = (what: string) => () => {
    executed.push(what);
    return 1;
  };
  const served = makeAnswering<{ requestId: string }>(
    {
      schemaFile: pathToFileURL(file),
      resolvers: {
        Mutation: { change: execute('change') },
        Subscription: { changes: { subscribe: execute('changes') as never } },
      },
    },
    pino({ level: 'silent' }),
  );
  beforeAll(() => served.apollo.start());
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await served.apollo.stop();
  });

  test('a valid mutation is executed by a POST, once, and not from a URL', async () => {
    const { status, headers } =
      (await served.answer({ query: 'mutation { change }', isInUrl: true }, { requestId: 'it' })) ?? {};
    expect([status, headers, executed]).toEqual([405, { allow: 'POST' }, []]);
    const answered = await served.answer({ query: 'mutation { a: change b: change }' }, { requestId: 'it' });
    expect(answered?.body).toEqual({ data: { a: 1, b: 1 } });
    expect(executed.splice(0)).toEqual(['change', 'change']);
  });

  test.each([
    ['mutation', 'mutation { change }'],
    ['subscription', 'subscription { changes }'],
  ])('a valid %s is executed by nobody where Apollo Server words a refusal', async (kind, query) => {
    const http = { method: 'POST', url: '/graphql', headers: { 'content-type': 'application/json' }, body: { query } };
    const { status, body } = await wordRefusal(served.apollo, http, { requestId: 'it' });
    const message = `No ${kind} is answered in this form.`;
    expect([status, body]).toEqual([400, { errors: [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] }]);
    expect(executed).toEqual([]);
  });

  test('a valid subscription is not answered', async () => {
    expect(await served.answer({ query: 'subscription { changes }' }, { requestId: 'it' })).toBeUndefined();
  });
});
