/** The subgraph behind a foreign gateway: `SUBGRAPH_AUTH=caller`. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { signCallerToken } from '../../../local/callerToken.ts';
import type { RunningServer } from '../../../server/app.ts';
import { READ_ALL, signInternalToken } from '../../../server/tokens/internalToken.ts';
import { runScript } from '../../support/command.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertReplica } from './support/rows.ts';
import { post, SECRET, start } from './support/subgraph.ts';

const AUTH_SECRET = 'a secret of callers for tests, long enough';
const database = databasePerFile();
const ME = randomUUID();
const subgraph: { current?: RunningServer } = {};
let mine = '';
let others = '';

beforeAll(async () => {
  const callerTokens = { authSecret: AUTH_SECRET };
  subgraph.current = await start({ databaseUrl: database.url, internalSecret: undefined, callerTokens });
  mine = await insertChat(database.pool, { owner_id: ME });
  others = await insertChat(database.pool);
  await insertReplica(database.pool);
});
afterAll(() => subgraph.current?.stop());

const ask = (query: string, token: string) =>
  post(subgraph.current?.url ?? '', { query }, { authorization: `Bearer ${token}` });
const tokenOf = (sub: string, roles: string[] = [], secret = AUTH_SECRET) =>
  signCallerToken(secret, { sub, roles, lifetimeSeconds: 60 }, systemClock.now());
const both = () =>
  `{ mine: chatDebugSnapshot(chatId: "${mine}") { chatId } others: chatDebugSnapshot(chatId: "${others}") { chatId } replicas { id } }`;

test("a caller's token is taken, and reads what its caller may read", async () => {
  const answer = await ask(both(), await tokenOf(ME));
  expect(answer.data).toEqual({ mine: { chatId: mine }, others: null, replicas: null });
  expect(answer.errors).toMatchObject([{ path: ['replicas'], extensions: { code: 'FORBIDDEN' } }]);
  const operator = await ask(both(), await tokenOf('operator', [READ_ALL]));
  expect([operator.errors, operator.data]).toEqual([
    [],
    { mine: { chatId: mine }, others: { chatId: others }, replicas: [{ id: expect.any(String) }] },
  ]);
});

test('an internal token is refused by a subgraph without its key, and so is a token of somebody else', async () => {
  const refused = [
    await signInternalToken(SECRET, 'database', { sub: ME, roles: [READ_ALL] }),
    await signInternalToken(AUTH_SECRET.replace('a', 'b'), 'database', { sub: ME, roles: [READ_ALL] }),
    await tokenOf(ME, [], 'another secret, which is long enough too'),
    '',
  ];
  for (const token of refused) {
    const { status, data, errors } = await ask(both(), token);
    expect([status, data, errors.map(({ extensions }) => extensions.code)]).toEqual([
      ...[401, undefined, ['UNAUTHENTICATED']],
    ]);
  }
});

test('one that has the key takes internal tokens beside them, for this subgraph only', async () => {
  const server = await start({ databaseUrl: database.url, callerTokens: { authSecret: AUTH_SECRET } });
  try {
    const statuses = [
      await tokenOf(ME),
      await signInternalToken(SECRET, 'database', { sub: ME, roles: [] }),
      await signInternalToken(SECRET, 'router', { sub: ME, roles: [] }),
    ].map(async (token) => {
      const { status, data } = await post(server.url, { query: both() }, { authorization: `Bearer ${token}` });
      return [status, data];
    });
    const read = { mine: { chatId: mine }, others: null, replicas: null };
    expect(await Promise.all(statuses)).toEqual([
      [200, read],
      [200, read],
      [401, undefined],
    ]);
  } finally {
    await server.stop();
  }
});

test('and behind our own gateway a caller has no use for its own token', async () => {
  const server = await start({ databaseUrl: database.url });
  try {
    const answer = await post(server.url, { query: both() }, { authorization: `Bearer ${await tokenOf(ME)}` });
    expect([answer.status, answer.data]).toEqual([401, undefined]);
  } finally {
    await server.stop();
  }
});

test.each([
  [{ SUBGRAPH_AUTH: 'caller' }, 'AUTH_SECRET, AUTH_JWKS_URL: set exactly one of them'],
  [{ SUBGRAPH_AUTH: 'caller', AUTH_SECRET, AUTH_JWKS_URL: 'http://127.0.0.1:1/' }, 'Received both.'],
  [{}, 'INTERNAL_SECRET: is not set.'],
  [{ INTERNAL_SECRET: AUTH_SECRET, AUTH_SECRET }, 'AUTH_SECRET, INTERNAL_SECRET: must differ'],
])('%j does not start', async (environment, sentence) => {
  const { code, stderr } = await runScript('dist/database.js', [], {
    ...{ DATABASE_URL: database.url, ...environment },
  });
  expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  expect(stderr).not.toContain(AUTH_SECRET);
});
