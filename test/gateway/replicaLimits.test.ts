import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { until } from '../support/until.ts';
import { deadUrl, sendJson } from './httpServers.ts';
import { A, B, chatId, routersPerTest, statuses } from './routers.ts';

const { servers, router, asker, answering } = routersPerTest();

describe('the breaker of a replica', () => {
  /** Replicas to ask: failures that count, and answers that do not. */
  const html = () => servers.serve((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'));
  const status = (code: number) => () => servers.serve((response) => sendJson(response, code, {}));
  test.each<[string, string, () => Promise<{ url: string }>]>([
    ['refused connections', 'UNREACHABLE', async () => ({ url: await deadUrl() })],
    ['no answers in time', 'TIMED_OUT', () => servers.hang()],
    ['pages', 'BAD_ANSWER', html],
    ['500', 'BAD_ANSWER', status(500)],
    ['503', 'BAD_ANSWER', status(503)],
    ['429', 'BAD_ANSWER', status(429)],
  ])(
    'opens after five times %s: CIRCUIT_OPEN at once, nothing is sent, others are asked as ever',
    async (_, was, bad) => {
      const rows = { [A]: { relayAddress: (await bad()).url }, [B]: { relayAddress: (await answering()).url } };
      const ask = asker({ rows, timeoutMs: was === 'TIMED_OUT' ? 1_500 : 20_000 });
      for (let i = 0; i < 5; i += 1) expect(statuses((await ask([[1, A]])).entities)).toEqual([was]);
      const patient = { budget: { leftMs: () => 20_000 } };
      const { entities, errors, asked } = await ask(
        [
          [1, A],
          [2, B],
        ],
        patient,
      );
      expect(statuses(entities)).toEqual(['CIRCUIT_OPEN', 'OK']);
      expect(entities[0]?.reachability).toMatchObject({ elapsedMs: 0, address: rows[A]?.relayAddress });
      expect(errors.map(({ code, chatIds }) => [code, chatIds])).toEqual([['REPLICA_UNREACHABLE', [chatId(1)]]]);
      expect(asked.map(({ replicaId, breaker, attempts }) => [replicaId, breaker, attempts])).toEqual(
        expect.arrayContaining([
          [A, 'OPEN', 0],
          [B, 'CLOSED', 1],
        ]),
      );
    },
  );

  test('lets a replica that is well again back in, after a pause', async () => {
    let isWell = false;
    const server = await servers.serve((response) =>
      isWell
        ? sendJson(response, 200, { data: { _entities: [WELL] } })
        : sendJson(response, 503, { errors: [{ message: 'starting' }] }),
    );
    const ask = asker({ rows: { [A]: { relayAddress: server.url } } });
    for (let i = 0; i < 5; i += 1) await ask([[1, A]]);
    isWell = true;
    expect(statuses((await ask([[1, A]])).entities)).toEqual(['CIRCUIT_OPEN']);
    await until('the replica is asked again', async () => statuses((await ask([[1, A]])).entities)[0] === 'OK');
    expect(server.received).toHaveLength(6);
  });

  test('takes a typed refusal for an answer', async () => {
    const extensions = { code: 'REPLICA_REFUSED', localWorkerId: B };
    const other = await servers.serve((response) => sendJson(response, 421, { errors: [{ extensions }] }));
    const ask = asker({ rows: { [A]: { relayAddress: other.url } } });
    for (let i = 0; i < 12; i += 1) expect(statuses((await ask([[1, A]])).entities)).toEqual(['REFUSED']);
  });

  test('holds nothing against a replica that takes no token of ours', async () => {
    const server = await servers.serve((response) => sendJson(response, 401, { errors: [{ message: 'who?' }] }));
    const ask = asker({ rows: { [A]: { relayAddress: server.url } } });
    for (let i = 0; i < 12; i += 1) expect(statuses((await ask([[1, A]])).entities)).toEqual(['BAD_ANSWER']);
  });

  test('holds nothing against a replica whose clients go away', async () => {
    const hung = await servers.hang();
    const { route, newContext, guards } = router({ rows: { [A]: { relayAddress: hung.url } }, timeoutMs: 60_000 });
    for (let i = 0; i < 8; i += 1) {
      const client = new AbortController();
      const asking = route(REQUEST(A), { ...newContext(), signal: client.signal });
      await until('the next request is at the replica', () => hung.connections.length > i);
      client.abort();
      await asking;
    }
    expect(guards.of(A).breaker()).toBe('CLOSED');
  });

  test('holds nothing against a replica for which others had left no time', async () => {
    const hung = await servers.hang();
    const { route, newContext, guards } = router({ rows: { [A]: { relayAddress: hung.url } }, timeoutMs: 10_000 });
    for (let i = 0; i < 8; i += 1) {
      const budget = { leftMs: () => 50 };
      const { data } = await route(REQUEST(A), { ...newContext(), budget });
      expect(data?._entities[0]?.reachability).toEqual({ status: 'TIMED_OUT' });
    }
    expect(guards.of(A).breaker()).toBe('CLOSED');
  });
});

const WELL = { reachability: { status: 'OK' }, localWorkerId: A, workerIdMatchesLocal: true, runners: [] };

/** A fetch of one chat at one replica. */
const REQUEST = (workerId: string) => ({
  query:
    'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { reachability { status } } } }',
  variables: { representations: [{ __typename: 'ChatRuntime', chatId: chatId(1), workerId }] },
});

describe('one budget for a request', () => {
  test('holds for all its fetches together; when nothing is left, nothing is sent', async () => {
    const [hung, healthy] = [await servers.hang(), await answering()];
    const rows = { [A]: { relayAddress: hung.url }, [B]: { relayAddress: healthy.url } };
    const { route, newContext } = router({ rows, timeoutMs: 2_500 });
    await route(REQUEST(B), { ...newContext(), budget: { leftMs: () => 60_000 } }); // the addresses are known
    const context = newContext();
    const begunMs = systemClock.monotonicMs();
    await route(REQUEST(A), context);
    await until('the request has no time left', () => context.budget.leftMs() === 0); // a timer of Node may be a millisecond early
    const { data, errors } = await route(
      { ...REQUEST(B), query: REQUEST(B).query.replace('status }', 'status elapsedMs reason } runners { runnerId }') },
      context,
    );
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(10_000);
    expect(data?._entities[0]).toMatchObject({
      reachability: { status: 'TIMED_OUT', elapsedMs: 0, reason: expect.stringContaining('nothing was sent') },
    });
    expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['REPLICA_TIMED_OUT']);
    expect(healthy.received).toHaveLength(1);
    expect(context.asked.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['TIMED_OUT', 1],
      ['TIMED_OUT', 0],
    ]);
  });
});

describe('a second try', () => {
  test('is made beside a slow one, answers for both, and the first is cancelled', async () => {
    let requests = 0;
    const cancelled: Promise<void>[] = [];
    const server = await servers.serve((response, _received, request) => {
      requests += 1;
      if (requests > 1) return sendJson(response, 200, { data: { _entities: [WELL] } });
      cancelled.push(new Promise((resolve) => request.socket.once('close', () => resolve())));
    });
    const { entities, asked } = await asker({ rows: { [A]: { relayAddress: server.url } }, hedgeMs: 100 })([[1, A]]);
    expect(statuses(entities)).toEqual(['OK']);
    expect(asked.map(({ attempts, status }) => [attempts, status])).toEqual([[2, 'OK']]);
    await Promise.all(cancelled);
    expect(cancelled).toHaveLength(1);
    expect(server.received[1]?.body).toEqual(server.received[0]?.body);
  });

  test('is not made unless it is asked for, nor beside one that has answered', async () => {
    const server = await answering();
    const rows = { [A]: { relayAddress: server.url } };
    await asker({ rows, hedgeMs: 10_000 })([[1, A]]);
    await asker({ rows })([[1, A]]);
    expect(server.received).toHaveLength(2);
  });
});

test('a replica is sent 32 requests at once; the others wait their turn, and those whose time is up are not sent', async () => {
  const open: (() => void)[] = [];
  const server = await servers.serve((response) => {
    open.push(() => sendJson(response, 200, { data: { _entities: [WELL] } }));
  });
  const { route, newContext } = router({ rows: { [A]: { relayAddress: server.url } }, timeoutMs: 60_000 });
  const asking = Array.from({ length: 40 }, () => route(REQUEST(A), newContext()));
  await until('32 requests are at the replica', () => open.length === 32);
  const late = newContext();
  const { data } = await route(REQUEST(A), { ...late, budget: { leftMs: () => 50 } });
  expect(data?._entities[0]?.reachability).toEqual({ status: 'TIMED_OUT' });
  expect(late.asked).toEqual([expect.objectContaining({ attempts: 0, elapsedMs: 0, status: 'TIMED_OUT' })]);
  expect(server.received).toHaveLength(32);
  for (let answered = 0; answered < 40; answered += 1)
    (await until('the next request is at the replica', () => open.shift()))();
  const all = await Promise.all(asking);
  expect(all.map(({ errors }) => errors)).toEqual(all.map(() => []));
  expect(server.received).toHaveLength(40);
});

test('whoever wants to know is told of every replica that was asked, or could not be', async () => {
  const told: unknown[] = [];
  const rows = { [A]: { relayAddress: (await answering()).url } };
  await asker({ rows, onAsked: ({ replicaId, status, elapsedMs }) => told.push({ replicaId, status, elapsedMs }) })([
    [1, A],
    [2, B],
  ]);
  expect(told).toHaveLength(2);
  expect(told).toEqual(
    expect.arrayContaining([
      { replicaId: A, status: 'OK', elapsedMs: expect.any(Number) },
      { replicaId: B, status: 'UNKNOWN_REPLICA', elapsedMs: 0 },
    ]),
  );
});

test('where the chat worker is disabled no replica is asked, and every chat says so', async () => {
  const server = await answering();
  const ask = asker({ rows: { [A]: { relayAddress: server.url } }, isDisabled: true });
  const { entities, errors } = await ask([
    [1, A],
    [2, B],
  ]);
  const reachability = {
    ...{ status: 'NOT_ASKED', elapsedMs: 0, address: null },
    reason: 'Nobody asks replicas here, by setting; nothing was sent.',
  };
  expect(entities.map((entity) => ({ ...entity, reachability: { ...entity.reachability } }))).toEqual(
    [A, B].map((workerId, i) => ({
      ...{ __typename: 'ChatRuntime', chatId: chatId(i + 1), workerId, reachability },
      ...{ localWorkerId: null, workerIdMatchesLocal: null, runners: null },
    })),
  );
  expect(errors).toEqual([]);
  expect(server.received).toEqual([]);
});
