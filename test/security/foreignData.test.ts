/** A caller with a good token and no role, after data of others: nothing shows, not even that it exists. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { askGateway, callerToken, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { post } from '../subgraphs/database/support/subgraph.ts';
import { until } from '../support/until.ts';
import { attackedSystem } from './support/attacked.ts';

const system = attackedSystem();
const ME = 'the caller';
const tokens: Record<string, () => Record<string, unknown>> = {
  [ME]: () => ({ sub: system.me }),
  'a caller that is no user': () => ({ sub: 'robot' }),
  'a caller whose role is almost right': () => ({ sub: randomUUID(), roles: ['chat-debug:read', ` ${READ_ALL}`, '*'] }),
  'a caller with rights of its own invention': () => ({ sub: 'x', role: READ_ALL, scope: READ_ALL, admin: true }),
  'a caller whose id is a wildcard': () => ({ sub: '%' }),
  "a caller whose id is another's with more behind it": () => ({ sub: `${system.me} ` }),
};
const as = async (who: string) => ({ token: await callerToken(tokens[who]?.() ?? {}) });
const ask = async (query: string, variables: unknown = {}, who = ME) => {
  const { status, body } = await askGateway(system.gateway, query, { variables, ...(await as(who)) });
  return { status, ...body };
};

/** Every field of a chat that the schema has below the two halves. */
const EVERYTHING = `chatId takenAt executionState
  database { title ownerId status lastError heartbeats { runnerId } messageStats { total } queueDepth }
  runtime { workerId localWorkerId reachability { status address } runners { runnerId } messageBuffers { bytesBuffered } }`;
const ONE = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${EVERYTHING} } }`;
const MANY = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${EVERYTHING} } }`;
const LIST =
  'query ($filter: ChatFilter, $after: String) { chats(filter: $filter, after: $after) { edges { cursor node { chatId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';

const idsIn = (data: unknown) => JSON.stringify(data ?? null).match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];

describe('a chat of somebody else', () => {
  test('answers as one that does not exist, alone and in a list, with every field', async () => {
    const missing = randomUUID();
    const [one, none] = [await ask(ONE, { id: system.others }), await ask(ONE, { id: missing })];
    expect(one).toEqual({ status: 200, data: { chatDebugSnapshot: null } });
    expect(none).toEqual(one);
    const many = await ask(MANY, { ids: [system.others, system.mine, missing] });
    expect(many).toMatchObject({ data: { chatDebugSnapshots: [null, { chatId: system.mine }, null] } });
    expect(many).not.toHaveProperty('errors');
  });

  test('costs the same statements, and no question to a replica', async () => {
    const statementsFor = async (id: string) => {
      system.tap.statements.length = 0;
      await ask(ONE, { id });
      return system.tap.statements.filter((statement) => /chat/.test(statement)); // the gateway itself reads replicas now and then
    };
    const answeredBy = () =>
      system.log.filter(({ process, msg }) => process === 'replica' && msg === 'answered').length || undefined;
    await ask(ONE, { id: system.mine }); // so that nothing has to be prepared or looked up for the first time
    const before = await until('the subgraph has answered', answeredBy);
    const [unreadable, missing] = [await statementsFor(system.others), await statementsFor(randomUUID())];
    expect(unreadable.length).toBeGreaterThan(0);
    expect(unreadable).toEqual(missing);
    expect(answeredBy()).toBe(before);
  });

  test.each(Object.keys(tokens).filter((who) => who !== ME))('%s reads nothing', async (who) => {
    const { data } = await ask(
      `query ($id: UUID!, $mine: UUID!) { a: chatDebugSnapshot(chatId: $id) { chatId } b: chatDebugSnapshot(chatId: $mine) { chatId }
        replicas { id } chats { edges { node { chatId } } } }`,
      { id: system.others, mine: system.mine },
      who,
    );
    expect(data).toEqual({ a: null, b: null, replicas: null, chats: { edges: [] } });
  });

  test('is not reached under aliases, fragments, directives or another operation of the document', async () => {
    const answer = await askGateway(
      system.gateway,
      `query A($id: UUID!, $yes: Boolean!) {
        mine: chatDebugSnapshot(chatId: $id) { ...F database: chatId }
        chatDebugSnapshot: chatDebugSnapshots(chatIds: [$id]) { ... on ChatDebugSnapshot @include(if: $yes) { chatId } }
      }
      query B { replicas { id } }
      fragment F on ChatDebugSnapshot { chatId runtime { workerId } }`,
      { variables: { id: system.others, yes: true }, operationName: 'A', ...(await as(ME)) },
    );
    expect(answer.body).toEqual({ data: { mine: null, chatDebugSnapshot: [null] } });
  });
});

describe('the list of chats', () => {
  const FILTERS: [string, () => Record<string, unknown>][] = [
    ['none', () => ({})],
    ['the owner of all', () => ({ ownerId: null })],
    ["somebody else's id as the owner", () => ({ ownerId: randomUUID() })],
    ['the replica', () => ({ workerId: system.replica.workerId })],
    ['owned', () => ({ owned: true })],
    ['suspect', () => ({ suspect: true })],
    ['every status', () => ({ status: ['waiting', 'running', 'error', "' OR true --"] })],
  ];
  test.each(FILTERS)('holds the chats of the caller and no others, with this filter: %s', async (_, filter) => {
    const { data } = await ask(LIST, { filter: filter() });
    for (const id of idsIn(data)) expect(id).toBe(system.mine);
  });

  test('a cursor of somebody else shows no more than one of its own', async () => {
    const operator = await askGateway<{ chats: { edges: { cursor: string; node: { chatId: string } }[] } }>(
      system.gateway,
      LIST,
    );
    const edges = operator.body.data?.chats.edges ?? [];
    expect(edges).toHaveLength(2);
    for (const { cursor } of edges) {
      for (const id of idsIn((await ask(LIST, { after: cursor })).data)) expect(id).toBe(system.mine);
    }
    const made = Buffer.from(JSON.stringify(['newest', '9999-01-01T00:00:00.000000Z', system.others]));
    expect(idsIn((await ask(LIST, { after: made.toString('base64url') })).data)).toEqual([system.mine]);
  });
});

describe('what needs the role', () => {
  test.each([
    ['replicas', '{ replicas { id relayAddress } }', { replicas: null }],
    ['replica', `query ($w: UUID!) { replica(id: $w) { relayAddress runtime { runnerCount } } }`, { replica: null }],
    ['a replica that there is not', `{ replica(id: "${randomUUID()}") { id } }`, { replica: null }],
  ])('%s', async (_, query, data) => {
    const answer = await ask(query, { w: system.replica.workerId });
    expect(answer).toMatchObject({ status: 200, data, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1/);
  });

  test('everywhere, on a chat of its own, and no address of its replica', async () => {
    const query =
      'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { everywhere { workerId } runtime { reachability { status address } } } }';
    expect(await ask(query, { id: system.mine })).toEqual({
      status: 200,
      data: { chatDebugSnapshot: { everywhere: null, runtime: { reachability: { status: 'OK', address: null } } } },
      errors: [
        expect.objectContaining({ path: ['chatDebugSnapshot', 'everywhere'], extensions: { code: 'FORBIDDEN' } }),
      ],
    });
    expect(await ask(query, { id: system.others })).toEqual({ status: 200, data: { chatDebugSnapshot: null } });
  });
});

describe('what subgraphs say to each other', () => {
  const representations = () => [
    { __typename: 'ChatDebugSnapshot', chatId: system.others },
    { __typename: 'ChatRuntime', chatId: system.others, workerId: system.replica.workerId },
    { __typename: 'Replica', id: system.replica.workerId },
    { __typename: 'ReplicaRuntime', workerId: system.replica.workerId },
  ];

  test.each([
    ['_entities', 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }'],
    ['_service', '{ _service { sdl } }'],
    ['an alias of it', 'query ($r: [_Any!]!) { chats: _entities(representations: $r) { __typename } }'],
    ['its types', '{ __type(name: "_Entity") { possibleTypes { name } } }'],
  ])('the gateway does not know: %s', async (_, query) => {
    const answer = await ask(query, { r: representations() });
    if (query.includes('__type(')) expect(answer).toEqual({ status: 200, data: { __type: null } });
    else expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    expect(answer).not.toHaveProperty('data._entities');
  });

  test('entities of the database follow the same rules for the caller inside the token', async () => {
    const token = await signInternalToken(INTERNAL_SECRET, 'database', { sub: system.me, roles: [] });
    const answer = await post(
      system.database.url,
      {
        query: `query ($r: [_Any!]!) { _entities(representations: $r) {
          ... on ChatDebugSnapshot { chatId runtime { workerId } everywhere { workerId } } ... on Replica { relayAddress } } }`,
        variables: {
          r: [
            { __typename: 'ChatDebugSnapshot', chatId: system.mine },
            { __typename: 'ChatDebugSnapshot', chatId: system.others },
            { __typename: 'ChatDebugSnapshot', chatId: randomUUID() },
            { __typename: 'Replica', id: system.replica.workerId },
          ],
        },
      },
      { authorization: `Bearer ${token}` },
    );
    expect(answer.data?._entities).toEqual([
      { chatId: system.mine, runtime: { workerId: system.replica.workerId }, everywhere: null },
      ...[null, null, null],
    ]);
    expect(answer.errors.map(({ path, extensions }) => [path?.join('.'), extensions.code]).sort()).toEqual([
      ['_entities.0.everywhere', 'FORBIDDEN'],
      ['_entities.3', 'FORBIDDEN'],
    ]);
  });
});
