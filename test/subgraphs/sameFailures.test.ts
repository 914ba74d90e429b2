/** Odd failures of a subgraph, answered as Apollo Server answers them, without a word of its inside. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import type { RunningServer } from '../../server/app.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { makeLogger } from '../../server/log.ts';
import { askBothRoutes } from '../support/bothRoutes.ts';
import { serveOdd } from './oddSubgraph.ts';

const SECRET = 'postgres://secret@10.0.0.1';
const refusal = () =>
  new GraphQLError('so it goes', {
    extensions: { code: 'FORBIDDEN', http: { status: 403, headers: new Map([['cache-control', 'private']]) } },
  });
/** Deeper than Node can write as JSON. */
const deep = (): unknown => JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));

/** Behaviour of a field's resolver, by the key of the entity. */
const CASES: Readonly<Record<string, () => unknown>> = {
  'an error with a path': () => Promise.reject(Object.assign(new Error(SECRET), { path: ['inside'] })),
  'what is no error': () => Promise.reject(SECRET),
  'a code before other extensions': () =>
    Promise.reject(new GraphQLError('it', { extensions: { code: 'NOT_FOUND', id: 1 } })),
  'other extensions before a code': () => Promise.reject(clientError('NOT_FOUND', 'it', { id: 1 })),
  'a code that is null': () => Promise.reject(new GraphQLError(SECRET, { extensions: { code: null } })),
  'a status': () => Promise.reject(refusal()),
  'a status that is none': () => Promise.reject(new GraphQLError('it', { extensions: { code: 'FORBIDDEN', http: 7 } })),
  'what cannot be written': deep,
};

const context = { isThere: true, made: 0, finished: 0 };
const held: { server?: RunningServer } = {};
const url = (): string => held.server?.url ?? '';

beforeAll(async () => {
  held.server = await serveOdd(({ workerId }) => CASES[workerId]?.(), {
    context: async () => {
      if (!context.isThere) throw new Error(SECRET);
      context.made += 1;
      return { requestId: 'it' };
    },
    finish: () => {
      context.finished += 1;
      return [];
    },
    log: makeLogger('database', 'silent'),
  });
});
afterAll(() => held.server?.stop());

/** @returns the answer that both routes give */
async function ask(body: object): Promise<string> {
  const answer = await askBothRoutes(url(), 'any', body);
  for (const word of [SECRET, 'stack', 'destructure', 'statusCode']) expect(answer).not.toContain(word);
  return answer;
}

const ENTITIES = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on ReplicaRuntime { startedAt } } }';

describe('a field that fails with', () => {
  test.each(Object.keys(CASES))('%s', async (workerId) => {
    const before = { ...context };
    const answer = await ask({ query: ENTITIES, variables: { r: [{ __typename: 'ReplicaRuntime', workerId }] } });
    expect(answer).toMatch(/^{"errors":\[{"message":/);
    expect([context.made - before.made, context.finished - before.finished]).toEqual([2, 2]);
  });
});

/** Each refers to the next: whoever looks at them one within another needs the more of the stack. */
const chain = (length: number) => {
  const links = Array.from({ length }, (_, i) => `fragment f${i} on Query { ...f${i + 1} }`);
  return { query: `{ ...f0 } ${links.join(' ')} fragment f${length} on Query { __typename }` };
};

test('a chain of fragments, and one for which the stack does not suffice', async () => {
  expect(JSON.parse(await ask(chain(1_000)))).toEqual({ data: { __typename: 'Query' } });
  expect(await ask(chain(15_000))).toContain('"code":"INTERNAL_SERVER_ERROR"');
});

describe('without a context', () => {
  beforeAll(() => {
    context.isThere = false;
  });
  afterAll(() => {
    context.isThere = true;
  });

  test.each(['{ __typename }', '{'])('%s is answered with a failure', async (query) => {
    expect(await ask({ query })).toContain('"code":"INTERNAL_SERVER_ERROR"');
  });

  test('a request that nobody can understand ends nothing but itself', async () => {
    const headers = { host: '[', accept: 'text/plain', 'content-type': 'application/json' };
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${url()}/graphql`, { method: 'POST', headers }, (answer) => {
        text(answer).then(() => resolve(answer.statusCode), reject);
      });
      asked.on('error', reject).end('{"query":"{ __typename }"}');
    });
    expect(status).toBe(500);
    expect(await ask({ query: '{ __typename }' })).toContain('"code":"INTERNAL_SERVER_ERROR"');
  });
});
