/**
 * Built processes that answer as their sources do, since a bundler also moves what a package loads late.
 * Replicas are left out, since no two answer alike. The tests of the whole system run built ones.
 */
import { expect, jest, test } from '@jest/globals';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { AUTH_SECRET, callerToken, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { bearer, type HeaderLines, type RawAnswer, type RawRequest, send } from '../security/support/raw.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { databasePerFile } from '../support/database.ts';
import { serverProcessesPerTest } from '../support/serverProcess.ts';

jest.setTimeout(60_000);

const database = databasePerFile();
const startProcess = serverProcessesPerTest();

const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const PROOF = ['Apollo-Require-Preflight', '1'] as const;
const post = (body: unknown, ...headers: HeaderLines): RawRequest => ({
  headers: [JSON_TYPE, ...headers],
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const get = (target: string, ...headers: HeaderLines): RawRequest => ({ method: 'GET', target, headers });

/**
 * Requests to every process.
 * @param query one that it answers
 */
function requests(token: string, query: string): RawRequest[] {
  const who = bearer(token);
  const deferred = { query: query.replace('{', '{ ... @defer { __typename }') };
  return [
    post({ query }, who),
    post({ query }, who, ['Accept', 'application/graphql-response+json']),
    post(deferred, who, ['Accept', 'multipart/mixed; deferSpec=20220824, application/json']),
    post([{ query }], who),
    post('{', who),
    post({ query: '{' }, who),
    post({ query: '{ nonsens }' }, who),
    post({ query: '{ __schema { queryType { name } } }' }, who),
    post({ extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }, who),
    post({ query }),
    post({ query }, bearer('nonsense')),
    post({ query }, ['Cookie', 'a=b; coder_session_token=nonsense']),
    post({ query }, who, ['Content-Encoding', 'gzip']),
    { headers: [who, ['Content-Type', 'text/plain']], body: query },
    { method: 'DELETE', headers: [who] },
    get(`/graphql?query=${encodeURIComponent(query)}`, who, PROOF),
    get(`/graphql?query=${encodeURIComponent(query)}`, who, ['Accept', 'text/html']),
    ...['/', '/livez', '/readyz', '/nonsense'].map((path) => get(path)),
  ];
}

/** But what differs from answer to answer. */
function comparable({ status, headers, body }: RawAnswer) {
  const { date, 'x-request-id': id, ...others } = headers;
  return { status, headers: others, body };
}

/** Starts both, and holds their answers against each other. @returns the answers of the built one */
async function compare(
  [built, source]: readonly [built: string, source: string],
  environment: Readonly<Record<string, string>>,
  asked: readonly RawRequest[],
): Promise<RawAnswer[]> {
  const [ofBuilt, ofSource] = await Promise.all([startProcess(built, environment), startProcess(source, environment)]);
  const answers: RawAnswer[] = [];
  for (const request of asked) {
    const answer = await send(ofBuilt.url, request);
    answers.push(answer);
    expect({ request, ...comparable(answer) }).toEqual({ request, ...comparable(await send(ofSource.url, request)) });
  }
  return answers;
}

const internal = (audience: string) =>
  signInternalToken(INTERNAL_SECRET, audience, { sub: 'an-operator', roles: [READ_ALL] });
const settings = { DATABASE_TIMEOUT_MS: '20000', INTERNAL_SECRET };

test('the gateway', async () => {
  const chat = await insertChat(database.pool);
  const query = `{ chatDebugSnapshot(chatId: "${chat}") { executionState diagnosis { verdict } } }`;
  const subgraph = await startProcess('dist/database.js', {
    ...{ ...settings, DATABASE_SUBGRAPH_PORT: '0', DATABASE_URL: database.url },
  });
  const token = await callerToken();
  const cookie = ['Cookie', `a=b; coder_session_token=${token}`] as const;
  const origin = ['Origin', 'https://tools.example'] as const;
  const snapshot = `/api/experimental/chats/${chat}/debug/snapshot`;
  const answers = await compare(
    ['dist/gateway.js', 'gateway/main.ts'],
    {
      ...{ ...settings, PORT: '0', AUTH_SECRET, RATE_LIMIT_PER_MINUTE: '0', CORS_ORIGINS: 'https://tools.example' },
      ...{ DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql`, REPLICA_TIMEOUT_MS: '20000' },
    },
    [
      post({ query }, cookie),
      post({ query }, ['Coder-Session-Token', token]),
      get(snapshot, bearer(token)),
      get(snapshot, cookie, PROOF),
      get(snapshot, cookie, ['Sec-Fetch-Site', 'cross-site']),
      post({ query }, bearer(token), origin),
      { method: 'OPTIONS', headers: [origin, ['Access-Control-Request-Method', 'POST']] },
      post({ query, extensions: { cost: true } }, bearer(token)),
      ...requests(token, query),
    ],
  );
  expect(answers.slice(0, 4).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test('the database subgraph', async () => {
  const chat = await insertChat(database.pool);
  const query = `{ chatDebugSnapshot(chatId: "${chat}") { executionState database { status queueDepth } } }`;
  await compare(
    ['dist/database.js', 'subgraphs/database/main.ts'],
    { ...settings, DATABASE_SUBGRAPH_PORT: '0', DATABASE_URL: database.url },
    requests(await internal('database'), query),
  );
});

test('the router, and a diagnosis of its own', async () => {
  await compare(
    ['dist/router.js', 'subgraphs/router/main.ts'],
    { ...settings, ROUTER_PORT: '0', DATABASE_SUBGRAPH_URL: 'http://127.0.0.1:1/graphql' },
    requests(await internal('router'), '{ _service { sdl } }'),
  );
  await compare(
    ['dist/diagnosis.js', 'subgraphs/diagnosis/main.ts'],
    { INTERNAL_SECRET, DIAGNOSIS_PORT: '0', AUTH_SECRET, SUBGRAPH_AUTH: 'caller' },
    requests(await callerToken(), '{ _service { sdl } }'),
  );
});
