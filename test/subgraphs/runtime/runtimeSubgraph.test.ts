import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { systemClock } from '../../../common/clock.ts';
import { READ_ALL, signInternalToken } from '../../../server/tokens/internalToken.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../support/database.ts';
import { askReplica, INTERNAL_SECRET, OPERATOR, readStream, replicasPerTest } from '../../support/replica.ts';
import { until } from '../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE'); // the replica of the test before has left its chats to be taken
});

const CHAT = `... on ChatRuntime {
  chatId workerId localWorkerId workerIdMatchesLocal observedAt eventLoopDelayMs reachability { status }
  runners {
    runnerId workerId chatId phase startedAt uptimeSeconds status snapshotVersion historyVersion generationAttempt
    lastUpdateAt activeTaskKind tasks { id }
    idleSeconds activeTask { secondsUntilRetry id kind historyVersion startedAt runningSeconds cancelledAt lastProgressAt secondsSinceProgress attempt
      nextRetryAt lastError breakOffs lastBreakOff waitsForDatabaseSeconds label maxAttempts progressWithinSeconds }
    lease { renewedAt ageSeconds intervalSeconds staleAfterSeconds consecutiveFailures }
  }
  messageBuffers { historyVersion generationAttempt partsBuffered bytesBuffered capacityBytes partsDropped subscriberCount
    isClosed openedAt lastPartAt closedAt }
}`;
const LOOP = '{ lastRunAt lastError consecutiveFailures intervalSeconds }';
const REPLICA = `... on ReplicaRuntime {
  workerId startedAt runnerCount capacity isDraining bufferCount eventLoopDelayMs residentBytes
  runners(first: 1) { chatId }
  acquisition ${LOOP} heartbeats ${LOOP} databaseSync ${LOOP}
}`;

const chatOf = (chatId: string, workerId: string) => ({ __typename: 'ChatRuntime', chatId, workerId });
const replicaOf = (workerId: string) => ({ __typename: 'ReplicaRuntime', workerId });

async function first<T>(asked: ReturnType<typeof askReplica>): Promise<T> {
  const { body } = await asked;
  expect(body.errors).toBeUndefined();
  return body.data?._entities[0] as T;
}

describe('the runtime subgraph', () => {
  test('shows the runner, its task, its lease and the growing buffer of a chat that streams', async () => {
    const replica = await startReplica();
    const { id } = await store.create({ ownerId, text: '/stall' });
    type Chat = { runners: object[]; messageBuffers: { partsBuffered: number; bytesBuffered: number }[] };
    const look = () => first<Chat>(askReplica(replica, CHAT, [chatOf(id, replica.workerId)]));
    const chat = await until("the chat's buffer has parts", async () => {
      const now = await look();
      return (now.messageBuffers[0]?.partsBuffered ?? 0) > 0 && now;
    });
    const seconds = expect.any(Number);
    const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(chat).toEqual({
      chatId: id,
      workerId: replica.workerId,
      localWorkerId: replica.workerId,
      workerIdMatchesLocal: true,
      observedAt: moment,
      eventLoopDelayMs: seconds,
      reachability: { status: 'OK' },
      runners: [
        {
          runnerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          workerId: replica.workerId,
          chatId: id,
          phase: 'RUNNING',
          startedAt: moment,
          uptimeSeconds: seconds,
          status: 'running',
          snapshotVersion: 3,
          historyVersion: 1,
          generationAttempt: 1,
          lastUpdateAt: moment,
          activeTaskKind: 'GENERATION',
          tasks: [{ id: expect.any(String) }],
          idleSeconds: null,
          activeTask: {
            id: expect.any(String),
            kind: 'GENERATION',
            historyVersion: 1,
            startedAt: moment,
            runningSeconds: seconds,
            cancelledAt: null,
            lastProgressAt: moment,
            secondsSinceProgress: seconds,
            attempt: 1,
            nextRetryAt: null,
            secondsUntilRetry: null,
            lastError: null,
            breakOffs: 0,
            lastBreakOff: null,
            waitsForDatabaseSeconds: null,
            label: null,
            maxAttempts: 8,
            progressWithinSeconds: null,
          },
          lease: {
            renewedAt: moment,
            ageSeconds: seconds,
            intervalSeconds: 0.3,
            staleAfterSeconds: 30,
            consecutiveFailures: 0,
          },
        },
      ],
      messageBuffers: [
        {
          historyVersion: 1,
          generationAttempt: 1,
          partsBuffered: expect.any(Number),
          bytesBuffered: expect.any(Number),
          capacityBytes: 1048576,
          partsDropped: 0,
          subscriberCount: 0,
          isClosed: false,
          openedAt: moment,
          lastPartAt: moment,
          closedAt: null,
        },
      ],
    });
  });

  test('shows a failing model with the time of the next call', async () => {
    const replica = await startReplica();
    const { id } = await store.create({ ownerId, text: '/fail' });
    type Chat = { runners: { activeTask: { nextRetryAt: string | null; lastError: string } | null }[] };
    const task = await until('the task waits for its next attempt', async () => {
      const chat = await first<Chat>(askReplica(replica, CHAT, [chatOf(id, replica.workerId)]));
      const active = chat.runners[0]?.activeTask;
      return active?.nextRetryAt ? active : undefined;
    });
    expect(task.lastError).toBe('overloaded: The built-in model was told to fail');
  });

  test('holds nothing for a chat that it does not run: empty lists, not null', async () => {
    const replica = await startReplica();
    const chat = await first(askReplica(replica, CHAT, [chatOf(randomUUID(), replica.workerId)]));
    expect(chat).toMatchObject({ runners: [], messageBuffers: [], workerIdMatchesLocal: true });
  });

  test('answers many chats of one fetch in their order, for nobody to store', async () => {
    const replica = await startReplica();
    const ids = Array.from({ length: 30 }, () => randomUUID());
    const asked = [...ids, ...ids.slice(0, 3)].map((id) => chatOf(id, replica.workerId));
    const { body, headers } = await askReplica(replica, '... on ChatRuntime { chatId }', asked);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.data?._entities).toEqual(asked.map(({ chatId }) => ({ chatId })));
  });

  test('shows the replica as a whole', async () => {
    const replica = await startReplica({ maxRunners: 7 });
    await Promise.all(['/stall', '/stall'].map((text) => store.create({ ownerId, text })));
    const seen = await until('the replica has two runners, two buffers and has renewed its leases', async () => {
      const now = await first<{ runnerCount: number; bufferCount: number; heartbeats: { lastRunAt: string | null } }>(
        askReplica(replica, REPLICA, [replicaOf(replica.workerId)]),
      );
      return now.runnerCount === 2 && now.bufferCount === 2 && now.heartbeats.lastRunAt && now;
    });
    expect(seen).toMatchObject({
      workerId: replica.workerId,
      capacity: 7,
      isDraining: false,
      bufferCount: 2,
      runners: [{ chatId: expect.any(String) }],
      residentBytes: expect.any(Number),
      acquisition: { lastRunAt: expect.any(String), lastError: null, consecutiveFailures: 0, intervalSeconds: 0.3 },
      heartbeats: { consecutiveFailures: 0, intervalSeconds: 0.3 },
      databaseSync: { consecutiveFailures: 0 },
    });
  });

  test('tells whose chats fill it, most runners first, to whom may read all, and to nobody else', async () => {
    const replica = await startReplica();
    const [many, few] = [randomUUID(), randomUUID()];
    for (const owner of [few, many, many]) await store.create({ ownerId: owner, text: '/stall' });
    const ask = (owners: string, caller = OPERATOR) =>
      askReplica(
        replica,
        `... on ReplicaRuntime { runnerCount ${owners} { ownerId runnerCount } }`,
        [replicaOf(replica.workerId)],
        ...([replica.workerId, caller] as const),
      );
    const all = {
      runnerCount: 3,
      runnersByOwner: [many, few].map((ownerId, at) => ({ ownerId, runnerCount: 2 - at })),
    };
    await until('the replica has three runners', async () => {
      const [seen] = ((await ask('runnersByOwner')).body.data?._entities ?? []) as (typeof all)[];
      return seen?.runnerCount === 3;
    });
    expect((await ask('runnersByOwner')).body.data?._entities).toEqual([all]);
    expect((await ask('runnersByOwner(first: 1)')).body.data?._entities).toMatchObject([
      { runnersByOwner: [{ ownerId: many }] },
    ]);
    expect((await ask('runnersByOwner(first: 101)')).body.errors).toMatchObject([
      { message: 'first must be 1 to 100, received 101.' },
    ]);
    const { body } = await ask('runnersByOwner', { sub: many, roles: [] });
    expect(body.data?._entities).toEqual([{ runnerCount: 3, runnersByOwner: null }]);
    expect(body.errors).toMatchObject([
      { path: ['_entities', 0, 'runnersByOwner'], extensions: { code: 'FORBIDDEN' } },
    ]);
  });

  test('tells whom may not read all what a diagnosis needs, and nothing of the chats of others', async () => {
    const replica = await startReplica();
    const fields = `workerId runnerCount capacity isFull isDraining
      runners { chatId activeTask { lastError label } } acquisition { lastError } heartbeats { lastError } databaseSync { lastError }`;
    await store.create({ ownerId, text: '/stall' });
    const ask = (roles: string[]) =>
      askReplica(
        replica,
        `... on ReplicaRuntime { ${fields} }`,
        [replicaOf(replica.workerId)],
        ...([replica.workerId, { sub: randomUUID(), roles }] as const),
      );
    await until('the replica has one runner', async () => {
      const [seen] = ((await ask([])).body.data?._entities ?? []) as { runnerCount: number }[];
      return seen?.runnerCount === 1;
    });
    const withheld = { runners: null, acquisition: null, heartbeats: null, databaseSync: null };
    const { body } = await ask([]);
    const told = { workerId: replica.workerId, runnerCount: 1, isFull: false, isDraining: false };
    expect(body.data?._entities).toMatchObject([{ ...told, ...withheld }]);
    expect(body.errors).toMatchObject(
      Object.keys(withheld).map((field) => ({ path: ['_entities', 0, field], extensions: { code: 'FORBIDDEN' } })),
    );
    expect((await ask([READ_ALL])).body.data?._entities).toMatchObject([
      { ...told, runners: [{ chatId: expect.any(String) }], heartbeats: { lastError: null } },
    ]);
  });

  test('one malformed key costs its own entity only', async () => {
    const replica = await startReplica();
    const good = chatOf(randomUUID(), replica.workerId);
    const { body } = await askReplica(replica, '... on ChatRuntime { chatId }', [
      chatOf('nonsense', replica.workerId),
      good,
    ]);
    expect(body.data?._entities).toEqual([null, { chatId: good.chatId }]);
    expect(body.errors).toMatchObject([{ path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('one of a type that is no entity costs the request, and nothing else of the replica', async () => {
    const replica = await startReplica();
    const wrong = [chatOf('nonsense', replica.workerId), { __typename: 'Nope' }];
    const { status, body } = await askReplica(replica, '__typename', wrong);
    expect([status, body.data]).toEqual([400, undefined]);
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    await first(askReplica(replica, '... on ChatRuntime { chatId }', [chatOf(randomUUID(), replica.workerId)]));
  });

  test('a number of runners out of range is refused with the range', async () => {
    const replica = await startReplica();
    const { body } = await askReplica(replica, '... on ReplicaRuntime { runners(first: 1001) { chatId } }', [
      replicaOf(replica.workerId),
    ]);
    expect(body.errors).toMatchObject([{ message: 'first must be 1 to 1000, received 1001.' }]);
  });
});

describe('who may ask a replica', () => {
  const ask = async (replica: { url: string }, authorization?: string) => {
    const response = await fetch(`${replica.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body: JSON.stringify({ query: '{ _service { sdl } }' }),
    });
    return { status: response.status, body: (await response.json()) as { data?: unknown; errors: object[] } };
  };

  test('nobody without a token, or with one that is forged, expired or too long', async () => {
    const replica = await startReplica();
    const forged = await signInternalToken('another secret, long enough to be one', replica.workerId, OPERATOR);
    const nowSeconds = Math.floor(systemClock.now().getTime() / 1000);
    const expiring = (seconds: number) =>
      new SignJWT({ roles: [] })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer('chat-debug-gateway')
        .setAudience(replica.workerId)
        .setSubject('x')
        .setExpirationTime(nowSeconds + seconds)
        .sign(new TextEncoder().encode(INTERNAL_SECRET));
    const tokens = [undefined, forged, await expiring(-60), await expiring(3600)];
    for (const token of tokens) {
      const { status, body } = await ask(replica, token && `Bearer ${token}`);
      expect(status).toBe(401);
      expect(body.data).toBeUndefined();
      expect(body.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
    expect((await ask(replica, `Bearer ${await expiring(20)}`)).status).not.toBe(401);
  });

  test('whoever means another replica is told which one this is', async () => {
    const replica = await startReplica();
    const other = randomUUID();
    const { status, body } = await askReplica(replica, CHAT, [chatOf(randomUUID(), other)], other);
    expect(status).toBe(421);
    expect(body).toMatchObject({
      errors: [
        {
          extensions: {
            code: 'REPLICA_REFUSED',
            localWorkerId: replica.workerId,
            fields: { localWorkerId: replica.workerId, workerIdMatchesLocal: false },
          },
        },
      ],
    });
    expect(body.data).toBeUndefined();
  });

  test('the stream needs the same token, and a well-formed id', async () => {
    const replica = await startReplica();
    const bare = await fetch(`${replica.url}/chats/${randomUUID()}/stream`);
    expect(bare.status).toBe(401);
    const token = await signInternalToken(INTERNAL_SECRET, replica.workerId, OPERATOR);
    const malformed = await fetch(`${replica.url}/chats/nonsense/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(malformed.status).toBe(400);
    const events: string[] = [];
    for await (const { event } of readStream(replica, randomUUID())) events.push(event);
    expect(events).toEqual(['end']);
  });
});
