import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken, type GraphqlError, INTERNAL_SECRET } from './gateways.ts';
import { deadUrl, sendJson, type TestServer } from './httpServers.ts';

const { database, servers, startGateway, gateway, insertReplica, addReplica, insertChat } = fleetPerFile();

interface Runtime {
  workerId: string;
  reachability: { status: string; reason: string | null; elapsedMs: number };
  localWorkerId: string | null;
  workerIdMatchesLocal: boolean | null;
  runners: { runnerId: string }[] | null;
}
interface Snapshot {
  chatId: string;
  database: { status: string; workerId: string | null };
  runtime: Runtime | null;
  everywhere: Runtime[] | null;
}

const RUNTIME =
  'workerId reachability { status reason elapsedMs } localWorkerId workerIdMatchesLocal runners { runnerId }';
const ONE = (selection: string) => `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${selection} } }`;
const LIST = (selection: string) => `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${selection} } }`;

const shortened = (errors: GraphqlError[] = []) =>
  errors.map(({ path, extensions: { code, workerId, chatIds } }) => [path?.join('.'), code, workerId, chatIds]);

describe('a chat that moves between the reading of its row and the question to its owner', () => {
  /** Inserts a replica at whose address another one listens, the chats' new owner. */
  async function insertMovingReplica(to: () => string): Promise<string> {
    const server = await servers.serve(async (response) => {
      await database.pool.query('UPDATE chats SET worker_id = $1 WHERE worker_id IS NOT NULL', [to()]);
      const fields = { localWorkerId: to(), workerIdMatchesLocal: false };
      const extensions = { code: 'REPLICA_REFUSED', localWorkerId: to(), fields };
      sendJson(response, 421, { errors: [{ message: 'This is another.', extensions }] });
    });
    return insertReplica(server.url);
  }

  test('is answered by its new owner, keeps the key of the old one, and says so; no error', async () => {
    const b = await addReplica();
    const former = await insertMovingReplica(() => b.id);
    const me = randomUUID();
    const ids = [await insertChat(former, me), await insertChat(null, me), await insertChat(former, me)];
    for (const token of [await callerToken(), await callerToken({ sub: me })]) {
      await database.pool.query('UPDATE chats SET worker_id = $1 WHERE worker_id IS NOT NULL', [former]);
      const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
        await gateway(),
        LIST(`chatId runtime { ${RUNTIME} }`),
        { variables: { ids }, token },
      );
      expect(body.errors).toBeUndefined();
      const moved = (id: string | undefined) => ({
        ...{ workerId: former, localWorkerId: b.id, workerIdMatchesLocal: false, runners: [{ runnerId: id }] },
        reachability: {
          ...{ status: 'OK', elapsedMs: expect.any(Number) },
          reason: expect.stringContaining(`Replica ${b.id}, to which it has moved, answered.`),
        },
      });
      expect(body.data?.chatDebugSnapshots).toEqual([
        { chatId: ids[0], runtime: moved(ids[0]) },
        { chatId: ids[1], runtime: null }, // as it was read first
        { chatId: ids[2], runtime: moved(ids[2]) },
      ]);
    }
    expect(b.door.received).toHaveLength(2);
  });

  test('is not followed for everywhere, where each replica speaks for itself', async () => {
    const b = await addReplica();
    const former = await insertMovingReplica(() => b.id);
    const chat = await insertChat(former);
    const { body } = await askGateway<{ chatDebugSnapshot: Snapshot }>(
      await gateway(),
      ONE(`everywhere { workerId reachability { status } }`),
      { variables: { id: chat } },
    );
    const statuses = body.data?.chatDebugSnapshot.everywhere?.map(({ workerId, reachability }) => [
      workerId,
      reachability.status,
    ]);
    expect(new Map(statuses as [string, string][])).toEqual(
      new Map([
        [former, 'REFUSED'],
        [b.id, 'OK'],
      ]),
    );
    expect(b.door.received).toHaveLength(1);
  });
});

describe("an error's path", () => {
  test('is right in lists in lists, with null and unowned chats and other replicas between them', async () => {
    const a = await addReplica();
    const dead = await insertReplica(await deadUrl());
    const unknown = randomUUID();
    const ids = [
      ...[randomUUID(), await insertChat(null), await insertChat(dead)],
      ...[randomUUID(), await insertChat(unknown), await insertChat(a.id)],
    ];
    const { body } = await askGateway<{ all: (Snapshot | null)[] }>(
      await gateway(),
      `query ($ids: [UUID!]!) { all: chatDebugSnapshots(chatIds: $ids) { ...S } }
       fragment S on ChatDebugSnapshot { now: runtime { ...R } there: everywhere { at: workerId ...R } }
       fragment R on ChatRuntime { how: reachability { status } ... on ChatRuntime { held: runners { runnerId } } }`,
      { variables: { ids } },
    );
    const all = (body.data?.all ?? []) as unknown as ({ there: { at: string }[] } | null)[];
    const expected = ids.flatMap((id, i) => {
      const owner = [undefined, undefined, dead, undefined, unknown, a.id][i];
      const chat = all[i];
      if (!chat) return [];
      const own = owner === undefined || owner === a.id ? [] : [[`all.${i}.now.held`, owner, id]];
      const others = chat.there.flatMap(({ at }, j) => (at === a.id ? [] : [[`all.${i}.there.${j}.held`, at, id]]));
      return [...own, ...others];
    });
    expect(all.map((chat) => chat?.there.length)).toEqual([undefined, 2, 2, undefined, 3, 2]);
    const codes: Record<string, string> = { [dead]: 'REPLICA_UNREACHABLE', [unknown]: 'REPLICA_UNKNOWN' };
    const wanted = expected.map(([path, worker, chat]) => [path, codes[worker ?? ''], worker, [chat]]);
    expect(new Set(shortened(body.errors).map((one) => JSON.stringify(one)))).toEqual(
      new Set(wanted.map((one) => JSON.stringify(one))),
    );
    expect(body.errors).toHaveLength(wanted.length);
    for (const { path } of body.errors ?? []) expect(valueAt(body.data, path)).toBeNull();
  });

  test('is right for several errors of one replica, under several aliases, and in a page', async () => {
    const failing = await servers.serve((response, { body }) => {
      const chats = body.variables.representations as unknown[];
      const _entities = chats.map(() => ({ runners: null, eventLoopDelayMs: null, held: null }));
      const errors = chats.flatMap((_, j) =>
        ['runners', 'eventLoopDelayMs'].map((field) => ({ message: 'own', path: ['_entities', j, field] })),
      );
      sendJson(response, 200, { data: { _entities }, errors });
    });
    const owner = await insertReplica(failing.url);
    const ids = [await insertChat(owner), await insertChat(null), await insertChat(owner)];
    const { body } = await askGateway(
      await gateway(),
      `query ($ids: [UUID!]!) {
        a: chatDebugSnapshots(chatIds: $ids) { runtime { runners { phase } eventLoopDelayMs } }
        b: chats { edges { node { chatId mine: runtime { runners { phase } eventLoopDelayMs } } } }
      }`,
      { variables: { ids } },
    );
    const places = ['a.0.runtime', 'a.2.runtime', 'b.edges.0.node.mine', 'b.edges.2.node.mine'];
    const wanted = places.flatMap((place) => [`${place}.runners`, `${place}.eventLoopDelayMs`]);
    expect(body.errors?.map(({ path }) => path?.join('.')).sort()).toEqual(wanted.sort());
    for (const { path } of body.errors ?? []) expect(valueAt(body.data, path)).toBeNull();
  });
});

/** Value at an error's path; undefined: there is no such place. */
const valueAt = (data: unknown, path: (string | number)[] = []): unknown =>
  path.reduce<unknown>((value, key) => Object(value)[key], data);

describe('on request a client is told of its routing', () => {
  const ROUTING = { routing: true };

  test('which replicas were asked about which chats, how often, how long, and how they do', async () => {
    const a = await addReplica();
    const dead = await insertReplica(await deadUrl());
    const ids = [await insertChat(a.id), await insertChat(dead), await insertChat(a.id), await insertChat(null)];
    const front = await gateway();
    const query = LIST('runtime { runners { runnerId } }');
    const { body } = await askGateway(front, query, { variables: { ids }, extensions: ROUTING });
    const { routing } = body.extensions as { routing: { replicaId: string }[] };
    const entry = (replicaId: string) => routing.find((one) => one.replicaId === replicaId);
    expect(routing).toHaveLength(2);
    expect(entry(a.id)).toEqual({
      ...{ replicaId: a.id, chatIds: [ids[0], ids[2]], status: 'OK', attempts: 1, breaker: 'CLOSED' },
      ...{ elapsedMs: expect.any(Number), directoryAgeMs: expect.any(Number), address: a.door.url },
    });
    expect(entry(dead)).toMatchObject({ chatIds: [ids[1]], status: 'UNREACHABLE', breaker: 'CLOSED' });
    const plain = await askGateway(front, query, { variables: { ids } });
    expect(plain.body).not.toHaveProperty('extensions');
  });

  test('with GET too; without the role there is no address in it', async () => {
    const a = await addReplica();
    const me = randomUUID();
    const chat = await insertChat(a.id, me);
    const front = await gateway();
    const parameters = new URLSearchParams({
      query: ONE('runtime { runners { runnerId } }'),
      ...{ variables: JSON.stringify({ id: chat }), extensions: JSON.stringify(ROUTING) },
    });
    const headers = { authorization: `Bearer ${await callerToken({ sub: me })}` };
    const response = await fetch(`${front.url}/graphql?${parameters}`, { headers });
    const text = await response.text();
    expect(JSON.parse(text).extensions.routing).toEqual([
      expect.objectContaining({ replicaId: a.id, chatIds: [chat], status: 'OK' }),
    ]);
    expect(text).not.toMatch(/address|127\.0\.0\.1/);
  });

  test('a request that asks no replica is told that none was', async () => {
    const { body } = await askGateway(await gateway(), '{ chats { edges { cursor } } }', { extensions: ROUTING });
    expect(body.extensions).toEqual({ routing: [] });
  });

  test('an operator gets the query plan; for others an error says that it needs the role, and the data is whole', async () => {
    const a = await addReplica();
    const me = randomUUID();
    const chat = await insertChat(a.id, me);
    const front = await gateway();
    const ask = (token: string) =>
      askGateway<{ chatDebugSnapshot: Snapshot }>(front, ONE('runtime { runners { runnerId } }'), {
        ...{ variables: { id: chat }, extensions: { queryPlan: true }, token },
      });
    const operator = await ask(await callerToken());
    const text = JSON.stringify(operator.body.extensions);
    expect(operator.body.extensions).toMatchObject({ queryPlan: { kind: 'QueryPlan', node: { kind: 'Sequence' } } });
    expect(text).toMatch(/"serviceName":"database".*"serviceName":"runtime"/);
    expect(text).not.toMatch(/127\.0\.0\.1|operationDocumentNode|Bearer/);
    const other = await ask(await callerToken({ sub: me }));
    expect(other.status).toBe(200);
    expect(other.body.data).toEqual(operator.body.data);
    expect(other.body.errors).toEqual([{ message: expect.any(String), extensions: { code: 'FORBIDDEN' } }]);
    expect(other.body).not.toHaveProperty('extensions');
    const header = { 'apollo-query-plan-experimental': '1' };
    const plain = await askGateway(front, ONE('chatId'), { variables: { id: chat }, headers: header });
    expect(plain.body).not.toHaveProperty('extensions');
  });
});

describe('X-Chat-Debug-Forwarded', () => {
  test("is the router's own word: a client's is neither obeyed nor passed on", async () => {
    const a = await addReplica();
    const chat = await insertChat(a.id);
    const databaseDoor = await servers.serve((response) =>
      sendJson(response, 200, {
        data: { chatDebugSnapshot: { runtime: { __typename: 'ChatRuntime', chatId: chat, workerId: a.id } } },
      }),
    );
    const rows = { replicas: [{ id: a.id, relayAddress: a.door.url, stoppedAt: null }] };
    const front = await startGateway(
      await servers.serve((response, received) => {
        if (received.body?.query.includes('replicas(')) return sendJson(response, 200, { data: rows });
        databaseDoor.received.push(received);
        sendJson(response, 200, {
          data: { chatDebugSnapshot: { runtime: { __typename: 'ChatRuntime', chatId: chat, workerId: a.id } } },
        });
      }),
    );
    for (const value of ['0', '1', 'from outside']) {
      const { body } = await askGateway<{ chatDebugSnapshot: Snapshot }>(
        front,
        ONE('runtime { runners { runnerId } }'),
        {
          ...{ variables: { id: chat }, headers: { 'x-chat-debug-forwarded': value, 'x-other': value } },
        },
      );
      expect(body.data?.chatDebugSnapshot.runtime?.runners).toEqual([{ runnerId: chat }]);
    }
    const marks = ({ received }: TestServer) => received.map(({ headers }) => headers['x-chat-debug-forwarded']);
    expect(marks(databaseDoor)).toEqual([undefined, undefined, undefined]);
    expect(marks(a.door)).toEqual(['1', '1', '1']);
    expect(a.door.received.map(({ headers }) => headers['x-other'])).toEqual([undefined, undefined, undefined]);
  });

  test('a replica answers from its own memory, whoever owns the chat by now, and asks nobody', async () => {
    const [a, b] = [await addReplica(), await addReplica()];
    const chat = await insertChat(b.id);
    const token = await signInternalToken(INTERNAL_SECRET, a.id, { sub: 'somebody', roles: [] });
    for (const mark of [{}, { 'x-chat-debug-forwarded': '1' }]) {
      const response = await fetch(`${a.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...mark },
        body: JSON.stringify({
          query: `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { ${RUNTIME} } } }`,
          variables: { representations: [{ __typename: 'ChatRuntime', chatId: chat, workerId: b.id }] },
        }),
      });
      const { data } = (await response.json()) as { data: { _entities: Runtime[] } };
      expect(data._entities[0]).toMatchObject({
        ...{ workerId: b.id, localWorkerId: a.id, workerIdMatchesLocal: false, runners: [{ runnerId: chat }] },
      });
    }
    expect(b.door.received).toEqual([]);
  });
});

test('where nobody asks replicas, verdicts go by the rows, and no field about replicas is an error', async () => {
  const a = await addReplica();
  const running = await insertChat(a.id);
  await database.pool.query(
    `WITH changed AS (UPDATE chats SET status = 'running' WHERE id = $1 RETURNING id, runner_id)
     INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) SELECT id, runner_id, now() FROM changed`,
    [running],
  );
  const { body } = await askGateway<Record<string, unknown>>(
    await gateway({ replicas: { isDisabled: true } }),
    `query ($ids: [UUID!]!) {
      chatDebugSnapshots(chatIds: $ids) {
        diagnosis { verdict findings { code } } diagnosisEverywhere { verdict }
        everywhere { workerId reachability { status } runners { runnerId } }
      }
      replicas { runtime { workerId reachability { status } runnerCount loops: acquisition { lastRunAt } } }
    }`,
    { variables: { ids: [running] } },
  );
  const notAsked = { workerId: a.id, reachability: { status: 'NOT_ASKED' } };
  expect(body).toEqual({
    data: {
      chatDebugSnapshots: [
        {
          ...{ diagnosis: { verdict: 'WORKING', findings: [] }, diagnosisEverywhere: { verdict: 'WORKING' } },
          everywhere: [{ ...notAsked, runners: null }],
        },
      ],
      replicas: [{ runtime: { ...notAsked, runnerCount: null, loops: null } }],
    },
  });
  expect(a.door.received).toEqual([]);
});

test('where the chat worker is disabled the database half is whole, and no replica is asked', async () => {
  const a = await addReplica();
  const ids = [await insertChat(a.id), await insertChat(null)];
  const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
    await gateway({ replicas: { isDisabled: true } }),
    LIST(`chatId database { status workerId } runtime { ${RUNTIME} }`),
    { variables: { ids } },
  );
  const reason = 'Nobody asks replicas here, by setting; nothing was sent.';
  expect(body.data?.chatDebugSnapshots).toEqual([
    {
      ...{ chatId: ids[0], database: { status: 'waiting', workerId: a.id } },
      runtime: {
        ...{ workerId: a.id, reachability: { status: 'NOT_ASKED', elapsedMs: 0, reason } },
        ...{ localWorkerId: null, workerIdMatchesLocal: null, runners: null },
      },
    },
    { chatId: ids[1], database: { status: 'waiting', workerId: null }, runtime: null },
  ]);
  expect(body.errors).toBeUndefined();
  expect(a.door.received).toEqual([]);
});
