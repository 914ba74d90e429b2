/** Replicas that speak runtime protocol 1, as the router sees them: the promises of routing hold, and odd values cost themselves. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { sendJson, type TestServer } from '../gateway/httpServers.ts';
import { A, B, chatId, routersPerTest, statuses } from '../gateway/routers.ts';

const { servers, router, asker } = routersPerTest();
const OBSERVED = '2026-12-02T00:00:10.000Z';

/** A worker whose answer about a chat is as given. */
const worker = (workerId: string, chat: (id: string) => object, more: object = {}): Promise<TestServer> =>
  servers.serve((response, { url, body }) => {
    if (!url?.startsWith('/chat-debug/v1/'))
      return void response.writeHead(404, { 'content-type': 'text/html' }).end('no');
    const said = { workerId, observedAt: OBSERVED, ...more };
    const asked = (body as unknown as { chatIds?: string[] } | undefined)?.chatIds;
    sendJson(response, 200, asked ? { ...said, chats: asked.map((id) => ({ chatId: id, ...chat(id) })) } : said);
  });
const holding = (workerId: string) => worker(workerId, (id) => ({ runners: [{ runnerId: id }] }));
const paths = ({ received }: TestServer) => received.map(({ method, url }) => `${method} ${url}`);

/** Asks one replica about one chat for these fields. */
async function runtimeOf(
  server: TestServer,
  selection: string,
  type: 'ChatRuntime' | 'ReplicaRuntime' = 'ChatRuntime',
  { roles, declared = '', variables = {} }: { roles?: string[]; declared?: string; variables?: object } = {},
) {
  const { route, newContext } = router({
    rows: { [A]: { relayAddress: server.url } },
    protocol: 'v1',
    ...(roles && { roles }),
  });
  const representation = { __typename: type, workerId: A, ...(type === 'ChatRuntime' && { chatId: chatId(1) }) };
  const query = `query ($representations: [_Any!]! ${declared}) { _entities(representations: $representations) { ... on ${type} { reachability { status } ${selection} } } }`;
  const { data, errors } = await route(
    { query, variables: { ...variables, representations: [representation] } },
    newContext(),
  );
  return {
    entity: data?._entities[0],
    errors: errors.map(({ path, extensions }) => [path?.slice(2).join('.'), extensions?.code]),
  };
}

describe('the language of a replica', () => {
  test('is found out once for each id, and remembered', async () => {
    const server = await holding(A);
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'auto' });
    for (let i = 0; i < 3; i += 1) {
      const { entities, errors } = await ask([[1, A]]);
      expect([statuses(entities), errors]).toEqual([['OK'], []]);
    }
    const CHATS = 'POST /chat-debug/v1/chats';
    expect(paths(server)).toEqual(['POST /graphql', 'GET /chat-debug/v1/replica', CHATS, CHATS, CHATS]);
  });

  test('one request carries all chats of a worker, in their places; one bad worker costs only itself', async () => {
    const good = await holding(A);
    const bad = await servers.serve(
      (response) => void response.writeHead(500, { 'content-type': 'text/html' }).end('broken'),
    );
    const ask = asker({ rows: { [A]: { relayAddress: good.url }, [B]: { relayAddress: bad.url } }, protocol: 'v1' });
    const { entities, errors } = await ask([
      [1, A],
      [2, B],
      [3, A],
      [1, A],
    ]);
    expect(statuses(entities)).toEqual(['OK', 'BAD_ANSWER', 'OK', 'OK']);
    expect(entities.map(({ runners }) => runners)).toEqual(
      [1, 0, 3, 1].map((n) => (n === 0 ? null : [{ runnerId: chatId(n) }])),
    );
    expect(errors.map(({ code, chatIds }) => [code, chatIds])).toEqual([['REPLICA_UNREACHABLE', [chatId(2)]]]);
    expect(good.received).toHaveLength(1);
    expect(good.received[0]?.body).toEqual({ chatIds: [chatId(1), chatId(3)] });
  });

  test('is found out by one probe for all who ask at once', async () => {
    const server = await holding(A);
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'auto' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask([[1, A]])));
    expect(answers.map(({ entities }) => statuses(entities))).toEqual(answers.map(() => ['OK']));
    expect(paths(server).filter((path) => path.startsWith('GET'))).toHaveLength(1);
  });

  test('is looked for anew once a worker gives no answer in it', async () => {
    let speaksProtocol = true;
    const server = await servers.serve((response, { url, body }) => {
      const ids = (body as unknown as { chatIds?: string[] } | undefined)?.chatIds;
      const said = { workerId: A, observedAt: OBSERVED };
      const none = () => void response.writeHead(404, { 'content-type': 'text/html' }).end('no');
      if (url !== '/graphql') {
        if (!speaksProtocol) return none();
        return sendJson(response, 200, ids ? { ...said, chats: ids.map((id) => ({ chatId: id, runners: [] })) } : said);
      }
      if (speaksProtocol) return none();
      const representations = body.variables.representations as object[];
      const entity = { localWorkerId: A, workerIdMatchesLocal: true, runners: [] };
      sendJson(response, 200, { data: { _entities: representations.map((keys) => ({ ...keys, ...entity })) } });
    });
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'auto' });
    const status = async () => statuses((await ask([[1, A]])).entities);
    expect(await status()).toEqual(['OK']);
    speaksProtocol = false;
    expect([await status(), await status()]).toEqual([['BAD_ANSWER'], ['OK']]);
  });

  test('is found out though its server never answers what is no path of the protocol', async () => {
    const server = await servers.serve((response, { url, body }) => {
      if (!url?.startsWith('/chat-debug/v1/')) return; // hangs
      const ids = (body as unknown as { chatIds?: string[] } | undefined)?.chatIds;
      const said = { workerId: A, observedAt: OBSERVED };
      sendJson(response, 200, ids ? { ...said, chats: ids.map((id) => ({ chatId: id, runners: [] })) } : said);
    });
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'auto', timeoutMs: 4_000 });
    const answers = await Promise.all([ask([[1, A]]), ask([[2, A]])]);
    expect(answers.map(({ entities }) => statuses(entities))).toEqual([['OK'], ['OK']]);
    expect(statuses((await ask([[1, A]])).entities)).toEqual(['OK']);
    expect(paths(server).filter((path) => path.startsWith('GET'))).toHaveLength(1);
    expect(paths(server).at(-1)).toBe('POST /chat-debug/v1/chats');
  });

  test('is GraphQL for a replica that takes most of the time to answer', async () => {
    const server = await servers.serve(async (response, { url, body }) => {
      if (url !== '/graphql') return; // as slow as the rest
      await systemClock.sleep(2_200);
      const representations = body.variables.representations as object[];
      const entity = { localWorkerId: A, workerIdMatchesLocal: true, runners: [] };
      sendJson(response, 200, { data: { _entities: representations.map((keys) => ({ ...keys, ...entity })) } });
    });
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'auto', timeoutMs: 4_000 });
    expect([await ask([[1, A]]), await ask([[1, A]])].map(({ entities }) => statuses(entities))).toEqual([
      ['OK'],
      ['OK'],
    ]);
    expect(paths(server)).toEqual(['POST /graphql', 'GET /chat-debug/v1/replica', 'POST /graphql']);
  });

  test('more chats than one request may ask for are asked for one request after the other', async () => {
    let [open, most] = [0, 0];
    const server = await servers.serve((response, { body }) => {
      open += 1;
      most = Math.max(most, open);
      const ids = (body as unknown as { chatIds: string[] }).chatIds;
      setImmediate(() => {
        open -= 1;
        sendJson(response, 200, {
          ...{ workerId: A, observedAt: OBSERVED },
          chats: ids.map((id) => ({ chatId: id, runners: [] })),
        });
      });
    });
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'v1' });
    const { entities } = await ask(Array.from({ length: 250 }, (_, i) => [i + 1, A] as [number, string]));
    expect(new Set(statuses(entities))).toEqual(new Set(['OK']));
    expect([most, server.received.length]).toEqual([1, 3]);
  });

  test('a worker that refuses a token for itself is no other worker', async () => {
    const server = await servers.serve((response) =>
      sendJson(response, 421, { workerId: A, title: 'no', status: 421 }),
    );
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'v1' });
    expect(statuses((await ask([[1, A]])).entities)).toEqual(['BAD_ANSWER']);
  });

  test('another worker at the address is REFUSED, and the time limit holds', async () => {
    const other = await holding(B);
    const silent = await servers.hang();
    const asked = (url: string, timeoutMs?: number) =>
      asker({ rows: { [A]: { relayAddress: url } }, protocol: 'v1', ...(timeoutMs && { timeoutMs }) })([[1, A]]);
    expect(statuses((await asked(other.url)).entities)).toEqual(['REFUSED']);
    expect(statuses((await asked(silent.url, 200)).entities)).toEqual(['TIMED_OUT']);
  });
});

describe('an answer of a worker', () => {
  test('that leaves out what it does not know gives null there, and no error', async () => {
    const server = await worker(A, () => ({
      runners: [{ runnerId: chatId(7), tasks: [{ kind: 'embed the files' }] }],
    }));
    const { entity, errors } = await runtimeOf(
      server,
      'eventLoopDelayMs messageBuffers { partsBuffered } runners { phase uptimeSeconds snapshotVersion idleSeconds lease { ageSeconds } activeTask { kind label runningSeconds } }',
    );
    expect(errors).toEqual([]);
    expect(entity).toMatchObject({
      ...{ eventLoopDelayMs: null, messageBuffers: null },
      runners: [
        {
          ...{ phase: null, uptimeSeconds: null, snapshotVersion: null, idleSeconds: null, lease: null },
          activeTask: { kind: 'OTHER', label: 'embed the files', runningSeconds: null },
        },
      ],
    });
  });

  test('with no runners at all says so, and one without the member does not know', async () => {
    const none = await runtimeOf(await worker(A, () => ({ runners: [] })), 'runners { runnerId }');
    const unknown = await runtimeOf(await worker(A, () => ({})), 'runners { runnerId }');
    expect([none.entity?.runners, unknown.entity?.runners]).toEqual([[], null]);
    expect([none.errors, unknown.errors]).toEqual([[], []]);
  });

  test('has ages from its own times, also where they lie ahead', async () => {
    const server = await worker(A, () => ({
      runners: [
        {
          runnerId: chatId(7),
          startedAt: '2026-12-02T00:00:00Z',
          tasks: [{ kind: 'generation', nextRetryAt: '2026-12-02T00:00:30+00:00', startedAt: '2026-12-02T00:00:11Z' }],
        },
      ],
    }));
    const { entity } = await runtimeOf(
      server,
      'runners { uptimeSeconds activeTask { runningSeconds secondsUntilRetry } }',
    );
    expect(entity?.runners).toEqual([{ uptimeSeconds: 10, activeTask: { runningSeconds: -1, secondsUntilRetry: 20 } }]);
  });

  test('has ids in the case of rows, whatever the case in which a worker writes them', async () => {
    const server = await worker(A.toUpperCase(), () => ({ runners: [{ runnerId: B.toUpperCase() }] }));
    const { entity, errors } = await runtimeOf(server, 'runners { runnerId }');
    expect([entity?.runners, errors]).toEqual([[{ runnerId: B }], []]);
  });

  test('with a time of no time zone gives no age, whatever the zone of the gateway', async () => {
    const startedAt = '2026-12-01T00:00:00';
    const server = await worker(A, () => ({ runners: [{ runnerId: B, startedAt }] }));
    const { entity, errors } = await runtimeOf(server, 'runners { startedAt uptimeSeconds }');
    expect(entity?.runners).toEqual([{ startedAt: null, uptimeSeconds: null }]);
    expect(errors).toEqual([['runners.0.startedAt', 'VALUE_UNREADABLE']]);
  });

  test('with a kind of task that has no text loses nothing else', async () => {
    const odd = { toString: 1, valueOf: 1 };
    const server = await worker(A, () => ({ runners: [{ runnerId: B, tasks: [{ kind: odd, startedAt: odd }] }] }));
    const { entity, errors } = await runtimeOf(server, 'runners { runnerId activeTask { kind startedAt } }');
    expect(entity).toMatchObject({
      reachability: { status: 'OK' },
      runners: [{ runnerId: B, activeTask: { kind: 'OTHER', startedAt: null } }],
    });
    expect(errors).toEqual([['runners.0.activeTask.startedAt', 'VALUE_UNREADABLE']]);
  });

  test.each([
    ['phase', { phase: 'dancing' }],
    ['startedAt', { startedAt: 'yesterday' }],
    ['snapshotVersion', { snapshotVersion: 1.5 }],
    ['status', { status: { deep: 1 } }],
    ['lease', { lease: 7 }],
  ])('with an odd %s loses only that, with an error on its path', async (field, odd) => {
    const server = await worker(A, () => ({ runners: [{ runnerId: chatId(7), historyVersion: 3, ...odd }] }));
    const below = field === 'lease' ? 'lease { renewedAt }' : field;
    const { entity, errors } = await runtimeOf(server, `runners { runnerId historyVersion ${below} }`);
    expect(entity).toMatchObject({
      reachability: { status: 'OK' },
      runners: [{ runnerId: chatId(7), historyVersion: 3, [field]: null }],
    });
    expect(errors).toEqual([[`runners.0.${field}`, 'VALUE_UNREADABLE']]);
  });

  test('with a runner that is none leaves the runners unknown, and never says that there is none', async () => {
    const server = await worker(A, () => ({ runners: [{ runnerId: 'seven' }] }));
    const { entity, errors } = await runtimeOf(server, 'localWorkerId runners { runnerId }');
    expect(entity).toMatchObject({ localWorkerId: A, runners: null });
    expect(errors).toEqual([['runners.0.runnerId', 'VALUE_UNREADABLE']]);
  });

  test('in words that are cut within a character, by it or here, is well formed all the same', async () => {
    const tasks = [`${'a'.repeat(499)}😀`, 'cut \ud83d'].map((label) => ({ kind: 'generation', label }));
    const server = await worker(A, () => ({ runners: [{ runnerId: chatId(7), tasks }] }));
    const { entity } = await runtimeOf(server, 'runners { tasks { label } }');
    expect(entity?.runners).toEqual([{ tasks: [{ label: `${'a'.repeat(499)}\ufffd` }, { label: 'cut \ufffd' }] }]);
  });

  test('without a list of chats is none at all', async () => {
    const server = await servers.serve((response) =>
      sendJson(response, 200, { workerId: A, observedAt: OBSERVED, chats: { 0: {} } }),
    );
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'v1' });
    const { entities } = await ask([[1, A]]);
    expect(entities.map(({ reachability: { status, reason } }) => [status, reason])).toEqual([
      ['BAD_ANSWER', expect.stringContaining('without a list of chats')],
    ]);
  });

  test('without an entry for a chat is no answer for that chat alone', async () => {
    const server = await servers.serve((response) =>
      sendJson(response, 200, { workerId: A, observedAt: OBSERVED, chats: [{ chatId: chatId(1), runners: [] }, 7] }),
    );
    const ask = asker({ rows: { [A]: { relayAddress: server.url } }, protocol: 'v1' });
    const { entities } = await ask([
      [1, A],
      [2, A],
    ]);
    expect(statuses(entities)).toEqual(['OK', 'BAD_ANSWER']);
  });
});

describe('a worker as a whole', () => {
  const ME = 'somebody';
  const MORE = {
    ...{ isFull: true, runnerCount: 2, acquisition: { lastError: 'DISK_FULL', consecutiveFailures: 2 } },
    refusedChats: [
      { chatId: chatId(1), ownerId: ME, reason: 'LOCKED' },
      { chatId: chatId(2), ownerId: B, reason: 'LOCKED' },
    ],
    runners: [1, 2].map((n) => ({ runnerId: chatId(n), chatId: chatId(n) })),
  };
  const FIELDS =
    'isFull roomSeconds acquisitionError acquisition { lastError } refusedChats { chatId } runners(first: 1) { chatId }';

  test('tells those who may read everything all of it, as far as they ask', async () => {
    const { entity, errors } = await runtimeOf(await worker(A, () => ({}), MORE), FIELDS, 'ReplicaRuntime');
    expect(errors).toEqual([]);
    expect(entity).toMatchObject({
      ...{ isFull: true, roomSeconds: 0, acquisitionError: 'DISK_FULL', acquisition: { lastError: 'DISK_FULL' } },
      ...{ refusedChats: [{ chatId: chatId(1) }, { chatId: chatId(2) }], runners: [{ chatId: chatId(1) }] },
    });
  });

  test.each([
    ['the default of a variable that is left out', {}, 1],
    ['a variable', { first: 2 }, 2],
    ['null, which is no number', { first: null }, 2],
  ])('lists as many as %s says', async (_what, variables, count) => {
    const asked = { declared: '$first: Int = 1', variables };
    const server = await worker(A, () => ({}), MORE);
    const { entity, errors } = await runtimeOf(server, 'runners(first: $first) { chatId }', 'ReplicaRuntime', asked);
    expect([entity?.runners, errors]).toEqual([[1, 2].slice(0, count).map((n) => ({ chatId: chatId(n) })), []]);
  });

  test('tells others nothing of other people, though it knows no callers itself', async () => {
    const { entity, errors } = await runtimeOf(await worker(A, () => ({}), MORE), FIELDS, 'ReplicaRuntime', {
      roles: [],
    });
    expect(entity).toMatchObject({
      isFull: true,
      acquisition: null,
      runners: null,
      refusedChats: [{ chatId: chatId(1) }],
    });
    expect(errors).toEqual([
      ['acquisition', 'FORBIDDEN'],
      ['runners', 'FORBIDDEN'],
    ]);
  });

  test('refuses a number of runners that is out of range', async () => {
    const server = await worker(A, () => ({}), MORE);
    const { errors } = await runtimeOf(server, 'runners(first: 5000) { chatId }', 'ReplicaRuntime');
    expect(errors).toEqual([['runners', 'BAD_USER_INPUT']]);
  });
});

describe('a hostile worker', () => {
  const RUNNER = '0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55';

  test('with a short answer that holds very many runners and tasks is read as far as one chat has any', async () => {
    const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
    const crowded = await worker(A, () => ({
      runners: [...many(20_000, { runnerId: RUNNER }), { runnerId: RUNNER, tasks: many(100_000, { kind: 'a' }) }],
      messageBuffers: many(1_000, { isClosed: false }),
    }));
    const selection = 'runners { runnerId tasks { kind } } messageBuffers { isClosed }';
    const { entity, errors } = await runtimeOf(crowded, selection);
    const { runners, messageBuffers } = entity as { runners: { tasks: unknown[] }[]; messageBuffers: unknown[] };
    expect(errors).toEqual([]);
    expect([runners.length, runners.at(-1)?.tasks.length, messageBuffers.length]).toEqual([100, 20, 100]);
  });

  test('with very many runners of each of a hundred chats is read no further than that of one worker', async () => {
    const runners = Array.from({ length: 100 }, () => ({ runnerId: RUNNER }));
    const server = await worker(A, () => ({ runners }));
    const { route, newContext } = router({ rows: { [A]: { relayAddress: server.url } }, protocol: 'v1' });
    const representations = Array.from({ length: 250 }, (_, i) => ({
      ...{ __typename: 'ChatRuntime', chatId: chatId(i + 1), workerId: A },
    }));
    const query =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { runners { runnerId } } } }';
    const { data } = await route({ query, variables: { representations } }, newContext());
    const read = data?._entities.map((entity) => (entity as { runners: unknown[] }).runners.length);
    expect(new Set(read)).toEqual(new Set([10]));
  });

  test.each<[what: string, status: string, answer: (response: ServerResponse) => unknown]>([
    ['an answer without end', 'BAD_ANSWER', (response) => pour(response, 64 * 1024)],
    ['an answer that drips', 'TIMED_OUT', (response) => pour(response, 1)],
    [
      'a redirect',
      'BAD_ANSWER',
      (response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/chat-debug/v1/chats' }).end(),
    ],
    [
      'zeros that unpack to 50 MB',
      'BAD_ANSWER',
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(50_000_000, '0'))),
    ],
    ['JSON as deep as it is long', 'BAD_ANSWER', (response) => json(response, '['.repeat(1_000_000))],
    [
      'an answer in the name of another',
      'REFUSED',
      (response) => json(response, JSON.stringify({ workerId: B, observedAt: OBSERVED, chats: [] })),
    ],
    [
      'the next version of the protocol',
      'BAD_ANSWER',
      (response) => json(response, JSON.stringify({ protocol: 'chat-debug-runtime/2', worker: { id: A } })),
    ],
  ])('with %s costs its own chats: %s', async (_, status, answer) => {
    const server = await servers.serve((response) => answer(response));
    const good = await holding(B);
    const ask = asker({
      ...{ rows: { [A]: { relayAddress: server.url }, [B]: { relayAddress: good.url } } },
      ...{ protocol: 'v1', timeoutMs: 3_000 },
    });
    const { entities } = await ask([
      [1, A],
      [2, B],
    ]);
    expect(statuses(entities)).toEqual([status, 'OK']);
  });

  test('that tells of chats of others is heard on those that it was asked about', async () => {
    const others = [2, 3].map((n) => ({ chatId: chatId(n), runners: [{ runnerId: RUNNER }] }));
    const server = await servers.serve((response) =>
      json(response, JSON.stringify({ workerId: A, observedAt: OBSERVED, chats: others })),
    );
    const good = await worker(B, () => ({ runners: [] }));
    const rows = { [A]: { relayAddress: server.url }, [B]: { relayAddress: good.url } };
    const { entities } = await asker({ rows, protocol: 'v1' })([
      [1, A],
      [2, B],
    ]);
    expect(statuses(entities)).toEqual(['BAD_ANSWER', 'OK']);
    expect(entities[1]?.runners).toEqual([]);
  });

  test('whose times lie far away gives ages that are numbers, or none', async () => {
    const times = { startedAt: '9999-12-31T23:59:59Z', lastUpdateAt: '0000-01-01T00:00:00Z', idleSince: 'NaN' };
    const server = await worker(A, () => ({ runners: [{ runnerId: RUNNER, ...times }] }));
    const { entity } = await runtimeOf(server, 'runners { uptimeSeconds idleSeconds }');
    expect(entity).toMatchObject({ runners: [{ uptimeSeconds: expect.any(Number), idleSeconds: null }] });
  });
});

const json = (response: ServerResponse, text: string) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(text);

/** Sends JSON that never ends, so many bytes at a time, until nobody listens. */
async function pour(response: ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('"');
  while (!response.destroyed) {
    response.write('a'.repeat(bytes));
    await systemClock.sleep(5);
  }
}
