import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { systemClock } from '../../common/clock.ts';
import type { ReplicaDirectory, ReplicaRow } from '../../routing/directory.ts';
import { checkInternalToken } from '../../server/tokens/internalToken.ts';
import { INTERNAL_SECRET as internalSecret } from '../gateway/gateways.ts';
import { deadUrl, sendJson } from '../gateway/httpServers.ts';
import {
  A,
  B,
  chatId,
  type Entity,
  type RouterTestOptions as Options,
  QUERY,
  routersPerTest,
  statuses,
} from '../gateway/routers.ts';
import { until } from '../support/until.ts';

const { servers, router, asker, answering } = routersPerTest();

describe('forwarding', () => {
  test('one request to a replica carries all its chats, duplicates once, and every answer is in its place', async () => {
    const [a, b] = [await answering(), await answering()];
    const ask = asker({ rows: { [A]: { relayAddress: a.url }, [B]: { relayAddress: b.url } } });
    const { entities, errors } = await ask([
      [1, A],
      [2, B],
      [3, A],
      [1, A],
      [2, B],
      [4, B],
    ]);
    expect(errors).toEqual([]);
    expect(entities.map(({ runners }) => runners)).toEqual([1, 2, 3, 1, 2, 4].map((n) => [{ runnerId: chatId(n) }]));
    const asked = [a, b].map(({ received }) =>
      received.map(({ body }) => (body.variables.representations as { chatId: string }[]).map((r) => r.chatId)),
    );
    expect(asked).toEqual([[[chatId(1), chatId(3)]], [[chatId(2), chatId(4)]]]);
  });

  test('what is forwarded is forwarded whole, marked, and with the caller in a token for this replica alone', async () => {
    const server = await answering();
    const ask = asker({ rows: { [A]: { relayAddress: `${server.url}/behind/a/proxy/?zone=1` } }, roles: ['reader'] });
    await ask([[1, A]]);
    const [{ method, url, headers, body } = never()] = server.received;
    expect([method, url]).toEqual(['POST', '/behind/a/proxy/graphql?zone=1']);
    expect(body).toEqual({
      query: QUERY,
      operationName: 'Fetch__runtime__1',
      variables: {
        representations: [{ __typename: 'ChatRuntime', chatId: chatId(1), workerId: A }],
        first: 5,
        more: { kept: [1] },
      },
    });
    expect(headers).toMatchObject({
      'x-chat-debug-forwarded': '1',
      'content-type': 'application/json',
      accept: 'application/json',
    });
    const check = { secret: internalSecret, now: systemClock.now() };
    expect(await checkInternalToken({ ...check, audience: A }, headers.authorization)).toEqual({
      kind: 'caller',
      caller: { sub: 'somebody', roles: ['reader'] },
    });
    expect(decodeJwt(headers.authorization?.slice('Bearer '.length) ?? '').aud).toBe(A);
  });

  test("the outcome is the router's, not the replica's, and the address is for those who may read everything", async () => {
    const server = await answering();
    const rows = { [A]: { relayAddress: server.url } };
    const { entities } = await asker({ rows })([[1, A]]);
    expect(entities[0]?.reachability).toMatchObject({ status: 'OK', address: server.url, reason: null });
    expect(entities[0]?.reachability.elapsedMs).toBeLessThan(99_999);
    const others = await asker({ rows, roles: [] })([[1, A]]);
    expect(others.entities[0]?.reachability.address).toBeNull();
  });

  test("a replica's own errors go to the chat that they are about", async () => {
    const server = await servers.serve((response) =>
      sendJson(response, 200, {
        data: { _entities: [{ ...SILENT, runners: [] }, SILENT] },
        errors: [{ message: 'own', path: ['_entities', 1, 'runners'], locations: [{ line: 1, column: 1 }] }],
      }),
    );
    const { errors } = await asker({ rows: { [A]: { relayAddress: server.url } } })([
      [1, A],
      [2, A],
      [2, A],
    ]);
    const message = `Replica ${A} answered with an error. Its log says more.`;
    const shared = { message, code: 'INTERNAL_SERVER_ERROR', workerId: A, chatIds: [chatId(2)] };
    expect(errors).toEqual([
      { ...shared, path: ['_entities', 1, 'runners'] },
      { ...shared, path: ['_entities', 2, 'runners'] },
    ]);
  });
});

const SILENT = { reachability: { status: 'OK' }, localWorkerId: A, workerIdMatchesLocal: true, runners: null };

/** Fails a destructuring of something that must be there. */
function never(): never {
  throw new Error('nothing was received');
}

describe('a replica that cannot be asked costs only its own chats', () => {
  /** One chat of each: a replica that answers, and the one that does not. */
  async function besideAHealthyOne(
    bad: Partial<ReplicaRow> | undefined,
    options: Options = {},
    firstLost = 'localWorkerId',
  ) {
    const healthy = await answering();
    const rows = { [A]: { relayAddress: healthy.url }, ...(bad && { [B]: bad }) };
    const { entities, errors } = await asker({ rows, ...options })([
      [1, B],
      [2, A],
      [3, B],
    ]);
    expect(statuses(entities)[1]).toBe('OK');
    expect(entities[1]?.runners).toEqual([{ runnerId: chatId(2) }]);
    expect(entities.filter((_, i) => i !== 1).map(({ runners }) => runners)).toEqual([null, null]);
    expect(errors.map(({ path, workerId, chatIds }) => ({ path, workerId, chatIds }))).toEqual([
      { path: ['_entities', 0, firstLost], workerId: B, chatIds: [chatId(1)] },
      { path: ['_entities', 2, firstLost], workerId: B, chatIds: [chatId(3)] },
    ]);
    const text = JSON.stringify([entities.map(({ reachability }) => reachability.reason), errors]);
    expect(text).not.toMatch(/127\.0\.0\.1|http:/);
    expect(new Set(errors.map(({ code }) => code)).size).toBe(1);
    return { ...(entities[0] as Entity).reachability, entity: entities[0], code: errors[0]?.code };
  }

  test('a dead port: UNREACHABLE', async () => {
    const url = await deadUrl();
    const { status, code, reason, address } = await besideAHealthyOne({ relayAddress: url });
    expect([status, code, address]).toEqual(['UNREACHABLE', 'REPLICA_UNREACHABLE', url]);
    expect(reason).toContain('ECONNREFUSED');
  });

  test('a connection that breaks before the answer: UNREACHABLE', async () => {
    const before = await servers.serve((_response, _received, request) => request.socket.destroy());
    expect((await besideAHealthyOne({ relayAddress: before.url })).status).toBe('UNREACHABLE');
  });

  test('an answer that ends before all that it announced: BAD_ANSWER', async () => {
    for (const length of [{ 'content-length': '5000' }, {}]) {
      for (const close of ['end', 'resetAndDestroy'] as const) {
        const cut = await servers.serve((response, _received, request) => {
          response.writeHead(200, { 'content-type': 'application/json', ...length });
          response.write('{"data":', () => request.socket[close]());
        });
        const { status, reason } = await besideAHealthyOne({ relayAddress: cut.url });
        expect(status).toBe('BAD_ANSWER');
        expect(reason).toContain('HTTP 200, application/json, cut short');
      }
    }
  });

  test('a dead port of a replica that has stopped in the meantime: STOPPED', async () => {
    const healthy = await answering();
    const relayAddress = await deadUrl();
    let stoppedAt: string | null = null;
    const load = async () => {
      const rows = [
        { id: A, relayAddress: healthy.url, stoppedAt: null },
        { id: B, relayAddress, stoppedAt },
      ];
      stoppedAt = '2026-11-22T10:00:00.000Z';
      return rows;
    };
    const { status, code } = await besideAHealthyOne(undefined, { load });
    expect([status, code]).toEqual(['STOPPED', 'REPLICA_UNREACHABLE']);
  });

  test('one that never answers: TIMED_OUT, at the deadline', async () => {
    const hung = await servers.hang();
    const begunMs = systemClock.monotonicMs();
    const { status, code, elapsedMs } = await besideAHealthyOne({ relayAddress: hung.url }, { timeoutMs: 5_000 });
    expect([status, code]).toEqual(['TIMED_OUT', 'REPLICA_TIMED_OUT']);
    expect(elapsedMs).toBeGreaterThan(2_500);
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(12_500);
  });

  test('one that begins to answer and never ends: TIMED_OUT', async () => {
    const slow = await servers.serve((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"data":');
    });
    expect((await besideAHealthyOne({ relayAddress: slow.url }, { timeoutMs: 5_000 })).status).toBe('TIMED_OUT');
  });

  test('one that the table does not hold: UNKNOWN_REPLICA, nothing was sent', async () => {
    const { status, code, elapsedMs, address } = await besideAHealthyOne(undefined);
    expect([status, code, elapsedMs, address]).toEqual(['UNKNOWN_REPLICA', 'REPLICA_UNKNOWN', 0, null]);
  });

  test('one that has stopped: STOPPED, nothing was sent', async () => {
    const server = await answering();
    const stoppedAt = '2026-11-22T10:00:00.000Z';
    const { status, code, elapsedMs } = await besideAHealthyOne({ relayAddress: server.url, stoppedAt });
    expect([status, code, elapsedMs]).toEqual(['STOPPED', 'REPLICA_UNREACHABLE', 0]);
    expect(server.received).toEqual([]);
  });

  test('an address that is no http URL: UNREACHABLE, nothing was sent', async () => {
    for (const relayAddress of ['', 'no url', 'file:///etc/passwd', 'ftp://127.0.0.1/']) {
      const { status, elapsedMs } = await besideAHealthyOne({ relayAddress });
      expect([status, elapsedMs]).toEqual(['UNREACHABLE', 0]);
    }
  });

  test('another replica at its address: REFUSED, with the id of the one that answered', async () => {
    const refusing = await servers.serve((response) => {
      const fields = { localWorkerId: A, workerIdMatchesLocal: false };
      const extensions = { code: 'REPLICA_REFUSED', localWorkerId: A, fields };
      sendJson(response, 421, { errors: [{ message: 'This is another.', extensions }] });
    });
    const { status, code, reason, entity } = await besideAHealthyOne({ relayAddress: refusing.url }, {}, 'runners');
    expect([status, code]).toEqual(['REFUSED', 'REPLICA_REFUSED']);
    expect(reason).toContain(A);
    expect(entity).toMatchObject({ localWorkerId: A, workerIdMatchesLocal: false, runners: null });
  });

  /** Two entities whose every leaf is nested deeper than any stack. */
  const deep = (open: string, close: string) => {
    const leaf = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
    const entity = `{"reachability":{},"localWorkerId":${leaf},"workerIdMatchesLocal":null,"runners":[]}`;
    return `{"data":{"_entities":[${entity},${entity}]}}`;
  };
  const json = (text: string, status = 200) => ({ status, type: 'application/json', text });
  const BAD: Record<string, { status: number; type: string; text: string | Buffer; location?: string; shown: RegExp }> =
    {
      "an intermediary's HTML with 200": {
        status: 200,
        type: 'text/html',
        text: '<html>Sign in</html>',
        shown: /HTTP 200, text\/html/,
      },
      'JSON that says it is HTML': {
        status: 200,
        type: 'text/html',
        text: JSON.stringify({ data: { _entities: [SILENT, SILENT] } }),
        shown: /text\/html/,
      },
      'an empty 200': { ...json(''), shown: /HTTP 200, application\/json, empty/ },
      'cut JSON': { ...json('{"data":{"_entities":[{"runners"'), shown: /not valid JSON/ },
      'too few entities': { ...json('{"data":{"_entities":[]}}'), shown: /0 entities instead of 2/ },
      'too many entities': { ...json('{"data":{"_entities":[{},{},{}]}}'), shown: /3 entities instead of 2/ },
      'entities that are no list': { ...json('{"data":{"_entities":{}}}'), shown: /HTTP 200/ },
      'no data': { ...json('{"errors":[{"message":"no"}]}'), shown: /HTTP 200/ },
      'no object at all': { ...json('[]'), shown: /HTTP 200/ },
      'null entities': { ...json('{"data":{"_entities":[null,null]}}'), shown: /not what was asked/ },
      'entities of another shape': {
        ...json(
          `{"data":{"_entities":[${'{"reachability":{},"localWorkerId":null,"workerIdMatchesLocal":null,"runners":"x"},'.repeat(2).slice(0, -1)}]}}`,
        ),
        shown: /not what was asked/,
      },
      'lists in lists where an id should be': { ...json(deep('[', ']')), shown: /not what was asked/ },
      'objects in objects where an id should be': { ...json(deep('{"a":', '}')), shown: /not what was asked/ },
      'a server error': {
        ...json(JSON.stringify({ data: { _entities: [SILENT, SILENT] } }), 500),
        shown: /HTTP 500, application\/json/,
      },
      'a refusal without an id': { ...json('{"errors":[{"message":"no"}]}', 421), shown: /HTTP 421/ },
      'no good token, it says': { ...json('{"errors":[{"message":"no"}]}', 401), shown: /HTTP 401/ },
      'a redirect': {
        status: 307,
        type: 'text/plain',
        text: '',
        location: '/elsewhere',
        shown: /HTTP 307, text\/plain/,
      },
      'compressed bytes': { status: 200, type: 'application/json', text: gzipSync('{}'), shown: /not valid JSON/ },
      'a content type that holds an address': {
        status: 200,
        type: 'http://127.0.0.1/',
        text: 'x',
        shown: /another content type/,
      },
    };
  test.each(Object.entries(BAD))('%s: BAD_ANSWER, with status and type in the reason', async (_, bad) => {
    const server = await servers.serve((response) => {
      const { status, type, text, location } = bad;
      response.writeHead(status, { 'content-type': type, ...(location && { location }) }).end(text);
    });
    const { status, code, reason } = await besideAHealthyOne({ relayAddress: server.url });
    expect([status, code]).toEqual(['BAD_ANSWER', 'REPLICA_UNREACHABLE']);
    expect(reason).toMatch(bad.shown);
    expect(server.received).toHaveLength(1);
  });

  test('an answer over the limit: BAD_ANSWER, and it is not read to its end', async () => {
    const megabyte = ' '.repeat(1024 * 1024);
    const ended: Promise<unknown>[] = [];
    const endless = await servers.serve((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const spaces = Readable.from(Array.from({ length: 256 }, () => megabyte));
      ended.push(
        pipeline(spaces, response).then(
          () => 'read to its end',
          () => 'cut off',
        ),
      );
    });
    const { status, reason } = await besideAHealthyOne({ relayAddress: endless.url });
    expect(status).toBe('BAD_ANSWER');
    expect(reason).toContain('more bytes than are read');
    expect(await Promise.all(ended)).toEqual(['cut off']);
  });

  test('something that does not speak HTTP: BAD_ANSWER', async () => {
    const { url, connections } = await servers.hang();
    const asking = besideAHealthyOne({ relayAddress: url });
    (await until('the router connects', () => connections[0])).end('SSH-2.0-OpenSSH\r\n');
    expect(await asking).toMatchObject({ status: 'BAD_ANSWER', reason: expect.stringContaining('no HTTP') });
  });

  test('a replica table that hangs does not keep those waiting whose address is known', async () => {
    const healthy = await answering();
    let readings = 0;
    const load = () => {
      readings += 1;
      const rows = [{ id: A, relayAddress: healthy.url, stoppedAt: null }];
      return readings === 1 ? Promise.resolve(rows) : new Promise<ReplicaRow[]>(() => {});
    };
    const ask = asker({ load, timeoutMs: 5_000 });
    await ask([[1, A]]);
    const { entities, errors } = await ask([
      [1, A],
      [2, B],
    ]);
    expect(statuses(entities)).toEqual(['OK', 'TIMED_OUT']);
    expect(entities[1]?.reachability.elapsedMs).toBe(0);
    expect(errors.map(({ code }) => code)).toEqual(['REPLICA_TIMED_OUT']);
  });

  test('an exception while one is asked: UNREACHABLE', async () => {
    const healthy = await answering();
    const directory: ReplicaDirectory = {
      lookUp: (ids) =>
        ids.map((id) =>
          id === A ? Promise.resolve({ status: 'OK', address: healthy.url }) : Promise.reject(new Error('a bug')),
        ),
      lookUpAnew: async () => ({ status: 'UNKNOWN_REPLICA' }),
      refresh: () => {},
      ageMs: () => null,
      countReplicas: () => undefined,
    };
    const { entities, errors } = await asker({ directory })([
      [1, B],
      [2, A],
    ]);
    expect(statuses(entities)).toEqual(['UNREACHABLE', 'OK']);
    expect(errors.map(({ path, code, workerId }) => [path?.[1], code, workerId])).toEqual([
      [0, 'REPLICA_UNREACHABLE', B],
    ]);
    expect(errors[0]?.message).not.toContain('a bug');
  });

  test('a replica table that cannot be read is no reason to call a replica unknown', async () => {
    const load = () => Promise.reject(new Error('no database at 127.0.0.1'));
    const { entities } = await asker({ load })([[1, A]]);
    expect(entities[0]?.reachability).toMatchObject({ status: 'UNREACHABLE', elapsedMs: 0 });
    expect(entities[0]?.reachability.reason).not.toContain('127.0.0.1');
  });
});

test('when the client goes away, the replicas are not kept busy', async () => {
  const { url, connections } = await servers.hang();
  const client = new AbortController();
  const ask = asker({ rows: { [A]: { relayAddress: url } }, signal: client.signal, timeoutMs: 3_600_000 });
  const asking = ask([[1, A]]);
  const connection = await until('the router connects', () => connections[0]);
  const closed = new Promise((resolve) => connection.once('close', resolve));
  connection.resume();
  client.abort();
  await asking;
  await closed;
});

test('a request that is no fetch of entities is an error, not an exception', async () => {
  const { route, newContext } = router({});
  for (const query of ['{ __typename }', 'no graphql at all', '']) {
    const answer = await route({ query, variables: {} }, newContext());
    expect(answer.data).toBeNull();
    expect(answer.errors).toHaveLength(1);
  }
});

test('a list is looked at a few times, however many of its places are refused', async () => {
  const server = await answering();
  const refusal = { status: 'REFUSED', reason: 'It is not yours.' } as const;
  const { route, newContext } = router({
    rows: { [A]: { relayAddress: server.url } },
    check: async (list) => list.map((_, place) => (place === 1 ? undefined : refusal)),
  });
  let looks = 0;
  const keys = Array.from({ length: 100 }, (_, n) => ({ __typename: 'ChatRuntime', chatId: chatId(n), workerId: A }));
  const representations = Object.assign(keys, {
    entries: () => {
      looks += 1;
      return Array.prototype.entries.call(keys);
    },
  });
  const { data, errors } = await route({ query: QUERY, variables: { representations } }, newContext());
  const entities = data?._entities as unknown as Entity[];
  expect(statuses(entities)).toEqual(keys.map((_, place) => (place === 1 ? 'OK' : 'REFUSED')));
  expect(errors).toHaveLength(99);
  expect(looks).toBeLessThan(5);
});

test('a reading of owners that fails keeps no later one from its turn', async () => {
  let reads = 0;
  const moved = (isReady: () => boolean) =>
    servers.serve(async (response) => {
      await until('it may answer', () => isReady() || undefined);
      sendJson(response, 200, { data: { _entities: [{ ...SILENT, workerIdMatchesLocal: false, runners: [] }] } });
    });
  const [first, later] = [await moved(() => true), await moved(() => reads > 0)];
  const owners = {
    read: async () => {
      reads += 1;
      throw new Error('a bug');
    },
  };
  const ask = asker({ rows: { [A]: { relayAddress: first.url }, [B]: { relayAddress: later.url } }, owners });
  const { entities } = await ask([
    [1, A],
    [2, B],
  ]);
  expect(statuses(entities)).toEqual(['UNREACHABLE', 'UNREACHABLE']);
  expect(reads).toBe(2);
});
