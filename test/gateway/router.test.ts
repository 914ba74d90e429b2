/** The router of `start:router`: the replicas behind one address, as any federation 2 gateway may ask it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { parse as parseYaml } from 'yaml';
import { systemClock } from '../../common/clock.ts';
import { makeLogger } from '../../server/log.ts';
import { type Caller, READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { type RouterServerOptions, startRouter } from '../../subgraphs/router/server.ts';
import { databasePerFile } from '../support/database.ts';
import { AUTH_SECRET, callerToken, type GraphqlResponse, INTERNAL_SECRET } from './gateways.ts';
import { deadUrl, sendJson } from './httpServers.ts';
import { runtimesPerTest } from './runtimes.ts';

const database = databasePerFile();
const runtimes = runtimesPerTest(database);
const OPERATOR: Caller = { sub: 'operator', roles: [READ_ALL] };

async function start(changes: Partial<RouterServerOptions> = {}) {
  const databaseSubgraph = await runtimes.startDatabase();
  const server = await startRouter({
    trust: { internalSecret: INTERNAL_SECRET },
    internalSecret: INTERNAL_SECRET,
    databaseSubgraphUrl: `${databaseSubgraph.url}/graphql`,
    replicas: { timeoutMs: 20_000, addressAllow: ['127.0.0.0/8'] },
    databaseTimeoutMs: 20_000,
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, log: makeLogger('router', 'silent') },
    ...changes,
  });
  return runtimes.keep(server);
}

async function post<Data = Record<string, unknown>>(
  { url }: { url: string },
  body: { query: string; variables?: unknown; operationName?: string },
  { token, headers = {} }: { token?: string; headers?: Record<string, string> } = {},
): Promise<GraphqlResponse<Data>> {
  const authorization = `Bearer ${token ?? (await signInternalToken(INTERNAL_SECRET, 'router', OPERATOR))}`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as never };
}

const chatKey = (workerId: string, chatId: string = randomUUID()) => ({ __typename: 'ChatRuntime', workerId, chatId });
const replicaKey = (workerId: string) => ({ __typename: 'ReplicaRuntime', workerId });

test('its schema composes to the very supergraph that is checked in', async () => {
  const router = await start();
  const { body } = await post<{ _service: { sdl: string } }>(router, { query: '{ _service { sdl } }' });
  const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const { subgraphs } = parseYaml(read('rover.yaml')) as {
    subgraphs: Record<string, { routing_url: string; schema: { file: string } }>;
  };
  const services = Object.entries(subgraphs).map(([name, { routing_url: url, schema }]) => ({
    ...{ name, url },
    typeDefs: parse(name === 'runtime' ? (body.data?._service.sdl ?? '') : read(schema.file)),
  }));
  const { errors, supergraphSdl } = composeServices(services);
  expect(errors).toBeUndefined();
  expect(supergraphSdl).toBe(read('gateway/supergraph.graphql'));
});

const RUNNERS = `fragment Runners on ChatRuntime { runners { ...Runner } }
  fragment Runner on RunnerSnapshot { startedAt snapshotVersion lease { staleAfterSeconds } tasks { id } }`;

test.each([
  [
    'plain fields',
    '__typename ... on ChatRuntime { chatId workerId localWorkerId runners { lease { intervalSeconds } } }',
  ],
  [
    'aliases',
    '... on ChatRuntime { a: chatId chatId: workerId __typename: localWorkerId b: runners { c: phase phase: chatId } }',
  ],
  [
    'fragments in fragments, one of them used twice',
    '...Runners ... on ChatRuntime { ...Runners observedAt } ... on ReplicaRuntime { acquisition { intervalSeconds } }',
    RUNNERS,
  ],
  ['one key on two types', '... on ChatRuntime { x: observedAt } ... on ReplicaRuntime { x: startedAt }'],
  [
    'conditions on fields and fragments',
    '... on ChatRuntime @include(if: $yes) { chatId @skip(if: $yes) workerId @skip(if: $no) } ...Runners @include(if: $no)',
    RUNNERS,
    ', $yes: Boolean!, $no: Boolean! = true',
  ],
  [
    'variables as arguments, whatever their names',
    '... on ReplicaRuntime { few: runners(first: $few) { phase } more: runners(first: $representations) { phase } }',
    '',
    ', $few: Int, $representations: Int = 1',
  ],
  ['a field in two places', '... on ChatRuntime { runners { phase } } ... on ChatRuntime { runners { status } }'],
  ['no field at all', '__typename'],
])('answers as the replica itself does: %s', async (_what, selection, fragments = '', declared = '') => {
  const router = await start();
  const { id, door } = await runtimes.addReplica();
  const keys = [chatKey(id), replicaKey(id), chatKey(id)];
  const query = `query ($keys: [_Any!]!${declared}) { _entities(representations: $keys) { ${selection} } } ${fragments}`;
  const body = { query, variables: { keys, yes: true, no: false, few: 2 } };
  const direct = await post({ url: door.url }, body, { token: await signInternalToken(INTERNAL_SECRET, id, OPERATOR) });
  expect([direct.status, direct.body.errors]).toEqual([200, undefined]);
  const { status, body: answer } = await post(router, body);
  expect([status, answer]).toEqual([200, direct.body]);
});

test('several fields of entities, each under its key, with the fragment and the variables that it needs', async () => {
  const router = await start();
  const { id } = await runtimes.addReplica();
  const query = `query Both($a: [_Any!]!, $first: Int = 2) { ...Root _service { __typename } }
    query Other { _service { sdl } }
    fragment Root on Query {
      chats: _entities(representations: $a) { ... on ChatRuntime { reachability { status } } }
      none: _entities(representations: []) { __typename }
      whole: _entities(representations: [{ __typename: "ReplicaRuntime", workerId: "${id}" }]) {
        ... on ReplicaRuntime { runners(first: $first) { status } }
      }
    }`;
  const { body } = await post(router, { query, variables: { a: [chatKey(id)] }, operationName: 'Both' });
  expect(body).toEqual({
    data: {
      chats: [{ reachability: { status: 'OK' } }],
      none: [],
      whole: [{ runners: [{ status: 'running' }, { status: 'running' }] }],
      _service: { __typename: '_Service' },
    },
  });
});

test('a replica that is dead costs its own entities: the outcome is there, and the error stands where it belongs', async () => {
  const router = await start();
  const alive = await runtimes.addReplica();
  const deadId = await runtimes.insertReplica(await deadUrl());
  const unknownId = randomUUID();
  const keys = [chatKey(deadId), chatKey(alive.id), replicaKey(unknownId), chatKey(deadId)];
  const selection = `... on ChatRuntime { chatId r: reachability { status } held: runners { runnerId } }
    ... on ReplicaRuntime { reachability { status address reason elapsedMs } }`;
  const query = `query ($keys: [_Any!]!) { answers: _entities(representations: $keys) { ${selection} } }`;
  const { body } = await post(router, { query, variables: { keys } });
  const [dead, healthy, , last] = keys as { chatId?: string }[];
  expect(body.data).toEqual({
    answers: [
      { chatId: dead?.chatId, r: { status: 'UNREACHABLE' }, held: null },
      { chatId: healthy?.chatId, r: { status: 'OK' }, held: [{ runnerId: healthy?.chatId }] },
      { reachability: { status: 'UNKNOWN_REPLICA', address: null, elapsedMs: 0, reason: expect.any(String) } },
      { chatId: last?.chatId, r: { status: 'UNREACHABLE' }, held: null },
    ],
  });
  const extensions = { code: 'REPLICA_UNREACHABLE', workerId: deadId };
  expect(body.errors).toMatchObject([
    { path: ['answers', 0, 'held'], extensions: { ...extensions, chatIds: [dead?.chatId] } },
    { path: ['answers', 3, 'held'], extensions: { ...extensions, chatIds: [last?.chatId] } },
  ]);
  expect(body.errors).toHaveLength(2);
});

test('a value that the schema does not know is null, with an error that says nothing of the inside', async () => {
  const router = await start();
  const newer = await runtimes.servers.serve((response) =>
    sendJson(response, 200, {
      data: { _entities: [{ __typename: 'ChatRuntime', runners: [{ phase: 'LEVITATING' }] }] },
    }),
  );
  const keys = [chatKey(await runtimes.insertReplica(newer.url))];
  const query = `query ($keys: [_Any!]!) { _entities(representations: $keys) { __typename ... on ChatRuntime { runners { phase } } } }`;
  const { body } = await post(router, { query, variables: { keys } });
  expect(body.data).toEqual({ _entities: [{ __typename: 'ChatRuntime', runners: [{ phase: null }] }] });
  expect(body.errors).toMatchObject([
    { path: ['_entities', 0, 'runners', 0, 'phase'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
  ]);
  expect(JSON.stringify(body.errors)).not.toContain('LEVITATING');
});

test('a replica of an earlier version is asked again without newer fields, which are null without an error', async () => {
  const router = await start();
  const older = await runtimes.servers.serve((response, { body }) =>
    /label/.test(body.query)
      ? sendJson(response, 400, { errors: [{ message: 'no', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] })
      : sendJson(response, 200, { data: { _entities: [{ runners: [{ activeTask: { kind: 'GENERATION' } }] }] } }),
  );
  const keys = [chatKey(await runtimes.insertReplica(older.url))];
  const selection = 'reachability { status } runners { activeTask { label kind } }';
  const query = `query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on ChatRuntime { ${selection} } } }`;
  for (const requests of [2, 3]) {
    const { body } = await post(router, { query, variables: { keys } });
    const runners = [{ activeTask: { label: null, kind: 'GENERATION' } }];
    expect(body).toEqual({ data: { _entities: [{ reachability: { status: 'OK' }, runners }] } });
    expect(older.received).toHaveLength(requests);
  }
});

test('nobody is answered without a token for the router, and what is no entity is refused', async () => {
  const router = await start();
  const query = '{ _service { sdl } }';
  for (const token of ['', await callerToken(), await signInternalToken(INTERNAL_SECRET, 'database', OPERATOR)]) {
    const { status, body } = await post(router, { query }, { token });
    expect([status, body.data]).toEqual([401, undefined]);
  }
  const foreign = '{ _entities(representations: [{ __typename: "Query" }]) { __typename } }';
  expect((await post(router, { query: foreign })).status).toBe(400);
});

test('a mark from outside that a request was routed already changes nothing', async () => {
  const router = await start();
  const { id, door } = await runtimes.addReplica();
  const query = `query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on ChatRuntime { localWorkerId } } }`;
  const headers = { 'x-chat-debug-forwarded': '7' };
  const { body } = await post(router, { query, variables: { keys: [chatKey(id)] } }, { headers });
  expect(body).toEqual({ data: { _entities: [{ localWorkerId: id }] } });
  expect(door.received.map((one) => one.headers['x-chat-debug-forwarded'])).toEqual(['1']);
});

describe('with the tokens of callers', () => {
  const OWNER = randomUUID();
  const asCaller = (claims: Record<string, unknown>) => callerToken(claims);
  const startForCallers = async (databaseTakes: Parameters<typeof runtimes.startDatabase>[0] = {}) => {
    const callerTokens = { authSecret: AUTH_SECRET };
    const databaseSubgraph = await runtimes.startDatabase({ callerTokens, ...databaseTakes });
    const tap = await runtimes.servers.serve(async (response, { headers, body }) => {
      const answer = await fetch(`${databaseSubgraph.url}/graphql`, {
        method: 'POST',
        headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      sendJson(response, answer.status, await answer.json());
    });
    const router = await start({ trust: { callerTokens }, databaseSubgraphUrl: `${tap.url}/graphql` });
    return { router, checks: () => tap.received.filter(({ body }) => body.query.includes('chatDebugSnapshots')) };
  };
  const query = `query ($keys: [_Any!]!) { _entities(representations: $keys) {
    ... on ChatRuntime { reachability { status reason address elapsedMs } localWorkerId runners { runnerId } }
    ... on ReplicaRuntime { reachability { status reason address elapsedMs } capacity } } }`;
  interface Entity {
    reachability: { status: string; reason: string };
  }
  const ask = async (router: { url: string }, keys: unknown[], token: string) =>
    (await post<{ _entities: Entity[] }>(router, { query, variables: { keys } }, { token })).body;

  test('a caller is answered about its own chats, and all others look like one that is not there', async () => {
    const { router, checks } = await startForCallers();
    const [owner, other] = [await runtimes.addReplica(), await runtimes.addReplica()];
    const mine = await runtimes.insertChat(owner.id, OWNER);
    const unowned = await runtimes.insertChat(null, OWNER);
    const others = await runtimes.insertChat(owner.id);
    const missing = randomUUID();
    const keys = [
      ...[chatKey(owner.id, others), chatKey(owner.id, mine), chatKey(owner.id, missing), chatKey(other.id, mine)],
      ...[
        chatKey(owner.id, unowned),
        chatKey(owner.id, 'no id'),
        chatKey(randomUUID(), others),
        chatKey(owner.id, mine),
      ],
    ];
    const { data, errors = [] } = await ask(router, keys, await asCaller({ sub: OWNER }));
    const seen = data?._entities.map((entity) => JSON.stringify(entity));
    const answered = [seen?.[1], seen?.[7]];
    const refused = seen?.filter((_, i) => i !== 1 && i !== 7);
    expect(answered).toEqual([expect.stringContaining(`"localWorkerId":"${owner.id}"`), answered[0]]);
    expect(new Set(refused).size).toBe(1);
    expect(data?._entities[2]).toMatchObject({
      reachability: { status: 'REFUSED', address: null, elapsedMs: 0 },
      ...{ localWorkerId: null, runners: null },
    });
    const texts = errors.map(({ message, extensions }) => [message.replace(/replica [-0-9a-f]+/, ''), extensions.code]);
    expect(new Set(texts.map(String)).size).toBe(1);
    expect(errors.map(({ path }) => path?.[1])).toEqual([0, 2, 3, 4, 5, 6]);
    expect(checks()).toHaveLength(1);
    expect(owner.door.received.map(({ body }) => body.variables.representations)).toEqual([[chatKey(owner.id, mine)]]);
    expect(other.door.received).toEqual([]);
  });

  test('a replica as a whole is for the role only, which needs no question', async () => {
    const { router, checks } = await startForCallers();
    const { id } = await runtimes.addReplica();
    const keys = [replicaKey(id), replicaKey(randomUUID())];
    const refused = await ask(router, keys, await asCaller({ sub: OWNER }));
    expect(refused.data?._entities[0]).toMatchObject({ reachability: { status: 'REFUSED' }, capacity: null });
    expect(refused.data?._entities[1]).toEqual(refused.data?._entities[0]);
    expect(refused.data?._entities[0]?.reachability.reason).toContain(READ_ALL);
    const allowed = await ask(router, [...keys, chatKey(id)], await asCaller({ sub: 'operator', roles: [READ_ALL] }));
    expect(allowed.data?._entities).toMatchObject([
      { reachability: { status: 'OK' }, capacity: 100 },
      { reachability: { status: 'UNKNOWN_REPLICA' } },
      { reachability: { status: 'OK' }, localWorkerId: id },
    ]);
    expect(checks()).toEqual([]);
  });

  test('when the database subgraph does not say who may read what, nobody is asked and the answer says so', async () => {
    const { door, id } = await runtimes.addReplica();
    const chat = await runtimes.insertChat(id, OWNER);
    const trust = { callerTokens: { authSecret: AUTH_SECRET } };
    const router = await start({ trust, databaseSubgraphUrl: `${await deadUrl()}/graphql` });
    const { data } = await ask(router, [chatKey(id, chat)], await asCaller({ sub: OWNER }));
    expect(data?._entities).toMatchObject([{ reachability: { status: 'UNREACHABLE' }, runners: null }]);
    expect(door.received).toEqual([]);
  });

  test('tokens between processes are not taken then, nor those of other callers', async () => {
    const { router } = await startForCallers();
    const internal = await signInternalToken(INTERNAL_SECRET, 'router', OPERATOR);
    for (const token of [internal, '', 'nonsense']) {
      expect((await post(router, { query: '{ _service { sdl } }' }, { token })).status).toBe(401);
    }
  });
});

test('it is ready while the database subgraph is, and not once it retires', async () => {
  const router = await start();
  const readiness = async ({ url }: { url: string }) => (await fetch(`${url}/readyz`)).status;
  expect(await readiness(router)).toBe(200);
  await router.retire();
  expect(await readiness(router)).toBe(503);
  const lost = await start({ databaseSubgraphUrl: `${await deadUrl()}/graphql` });
  expect(await readiness(lost)).toBe(503);
});
