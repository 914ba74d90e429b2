/** The edge beside Apollo Server: what clients accept, and that what is a valid query does not come to it. */

import { ApolloServer, HeaderMap } from '@apollo/server';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { systemClock as clock } from '../../../common/clock.ts';
import { makeApp, type RunningServer } from '../../../server/app.ts';
import { registerGraphql } from '../../../server/graphql/edge.ts';

const log = pino({ level: 'silent' });
const asked: string[] = [];
const apollo = new ApolloServer<{ requestId: string }>({
  typeDefs: 'type Query { a: Int }',
  csrfPrevention: false,
  formatError: (error) => ({ ...error, extensions: { code: error.extensions?.code } }),
});
const held: { server?: RunningServer } = {};
const url = () => `${held.server?.url}/graphql`;

beforeAll(async () => {
  await apollo.start();
  const { app, listen } = makeApp({
    ...{ maxBodyBytes: 10_000, givesIds: true, isNoted: () => true, observe: () => {}, clock, log },
  });
  registerGraphql(app, {
    use: (run) => run({ answer, apollo }),
    newContext: ({ id }) => ({ requestId: id }),
  });
  held.server = await listen({ host: '127.0.0.1', port: 0 }, () => apollo.stop());
});
afterAll(() => held.server?.stop());

async function answer({ query }: { readonly query?: string | undefined }) {
  asked.push(String(query));
  return query === '{ a }' ? { status: 200, headers: {}, body: { data: { a: 1 } } } : undefined;
}

const ACCEPTED = [
  ...['*/*', 'application/*', 'application/json', 'APPLICATION/JSON', 'application/json;charset=utf-8'],
  ...['application/json;q=0.1, application/graphql-response+json;q=0.2', 'application/graphql-response+json'],
  ...[
    'application/json;q=0',
    'text/html',
    'text/html, */*;q=0.1',
    'multipart/mixed',
    'multipart/mixed, application/json',
  ],
  ...[
    'application/json; charset=latin1',
    'application/json;callbackSpec=1.0',
    'nonsense',
    ',',
    '"',
    'a/b;c="d,e", */*',
  ],
];

test.each(ACCEPTED)(
  'whoever accepts %s gets what Apollo Server would give, the first time and again',
  async (accept) => {
    const { status = 200, headers } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        ...{ method: 'POST', search: '', body: { query: '{ __typename }' } },
        headers: new HeaderMap([
          ['accept', accept],
          ['content-type', 'application/json'],
        ]),
      },
      context: async () => ({ requestId: 'it' }),
    });
    for (const _ of [1, 2]) {
      const ours = await fetch(`${url()}?query={+a+}`, { headers: { accept } });
      expect([ours.status, ours.headers.get('content-type')]).toEqual([status, headers.get('content-type')]);
      expect(ours.headers.get('cache-control')).toBe('no-store');
      await ours.body?.cancel();
    }
  },
);

test('one that accepts no JSON is refused before anything is answered', async () => {
  asked.length = 0;
  const refused = await fetch(`${url()}?query={+a+}`, { headers: { accept: 'image/png' } });
  expect([refused.status, await refused.json()]).toMatchObject([
    406,
    { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
  ]);
  expect(asked).toEqual([]);
});

test('what is no valid query is worded by Apollo Server', async () => {
  const refused = await fetch(`${url()}?query={+nothing+}`);
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { errors: [{ message: 'Cannot query field "nothing" on type "Query".', locations: [{ line: 1, column: 3 }] }] },
  ]);
});
