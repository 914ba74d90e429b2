/** Live views over HTTP, in front of a real database subgraph and replicas. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { createClient } from 'graphql-sse';
import { systemClock } from '../../common/clock.ts';
import { readAllowedOperations } from '../../gateway/queries/allowedOperations.ts';
import { liveClientsPerTest } from '../support/liveClient.ts';
import { startTcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken } from './gateways.ts';

jest.setTimeout(120_000);

const fleet = fleetPerFile();
const open = liveClientsPerTest();
const { database, insertChat, addReplica } = fleet;

interface Seen {
  chatDebugSnapshot: { executionState: string; database: { title: string; workerId: string | null } } | null;
}
const CHAT = `subscription ($id: UUID!, $ms: Int = 250) {
  chatDebugSnapshot(chatId: $id, everyMs: $ms) { takenAt executionState database { title workerId updatedAgeSeconds } }
}`;
const setTitle = (id: string, title: string) =>
  database.pool.query('UPDATE chats SET title = $2 WHERE id = $1', [id, title]);
const titleIs = (title: string) => (result: { data?: Seen | null }) =>
  result.data?.chatDebugSnapshot?.database.title === title;

describe('a subscription', () => {
  test('gives the answer of its query at once, and again when it has changed, and not for ages', async () => {
    const gateway = await fleet.gateway();
    const id = await insertChat(null);
    await setTitle(id, 'one');
    const client = await open<Seen>(gateway, CHAT, { variables: { id } });
    await client.result('the first answer', titleIs('one'));
    const looks = async () => lookCount(gateway);
    const before = await looks();
    await until('it has looked some more times', async () => (await looks()) >= before + 4);
    expect(client.results).toHaveLength(1);
    await setTitle(id, 'two');
    await client.result('the second answer', titleIs('two'));
    expect(client.results).toHaveLength(2);
    const query = CHAT.replace('subscription', 'query').replace(', everyMs: $ms', '').replace(', $ms: Int = 250', '');
    const { body } = await askGateway<Seen>(gateway, query, { variables: { id } });
    expect(Object.keys(client.results[0]?.data?.chatDebugSnapshot ?? {})).toEqual(
      Object.keys(body.data?.chatDebugSnapshot ?? {}),
    );
  });

  test('its head: no cache keeps it, and no proxy holds it back', async () => {
    const client = await open(await fleet.gateway(), CHAT, { variables: { id: randomUUID() } });
    const head = ['content-type', 'cache-control', 'x-accel-buffering', 'content-encoding'];
    expect([client.status, ...head.map((name) => client.headers.get(name))]).toEqual([
      ...[200, 'text/event-stream; charset=utf-8', 'no-store', 'no', null],
    ]);
    expect(client.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a chat that is taken away is null, like one that never was', async () => {
    const owner = randomUUID();
    const gateway = await fleet.gateway();
    const id = await insertChat(null, owner);
    const token = await callerToken({ sub: owner });
    const client = await open<Seen>(gateway, CHAT, { variables: { id }, token });
    await client.result('the chat', ({ data }) => data?.chatDebugSnapshot?.executionState === 'W');
    await database.pool.query('UPDATE chats SET owner_id = $2 WHERE id = $1', [id, randomUUID()]);
    const last = await client.result('null', ({ data }) => data?.chatDebugSnapshot === null);
    expect([last.errors, client.hasEnded()]).toEqual([undefined, false]);
  });

  test('an owner that cannot be asked is an error in an answer, and the stream goes on', async () => {
    const gateway = await fleet.gateway({ replicas: { timeoutMs: 500 } });
    const replica = await addReplica();
    const id = await insertChat(replica.id);
    interface Owned {
      chatDebugSnapshot: { runtime: { localWorkerId: string | null; reachability: { status: string } } };
    }
    const query = `subscription { chatDebugSnapshot(chatId: "${id}", everyMs: 250) { runtime { localWorkerId reachability { status } } } }`;
    const client = await open<Owned>(gateway, query);
    await client.result(
      'the owner answers',
      ({ data }) => data?.chatDebugSnapshot.runtime.localWorkerId === replica.id,
    );
    const gone = await database.pool.query(`UPDATE replicas SET relay_address = 'http://127.0.0.1:9' WHERE id = $1`, [
      replica.id,
    ]);
    expect(gone.rowCount).toBe(1);
    const lost = await client.result('it does not', ({ errors }) => errors !== undefined);
    expect([lost.errors?.[0]?.extensions.code, lost.data?.chatDebugSnapshot.runtime.localWorkerId]).toEqual([
      ...['REPLICA_UNREACHABLE', null],
    ]);
    expect(client.hasEnded()).toBe(false);
  });

  test('lists and replicas are watched as well', async () => {
    const gateway = await fleet.gateway();
    const list = await open<{ chats: { edges: object[] } }>(
      ...([gateway, 'subscription { chats(first: 5, everyMs: 250) { edges { node { chatId } } } }'] as const),
    );
    const replicas = await open<{ replicas: object[] }>(gateway, 'subscription { replicas(everyMs: 250) { id } }');
    const incidents = await open(gateway, 'subscription { incidents(everyMs: 250) { edges { cursor } } }');
    await list.result('an empty page', ({ data }) => data?.chats.edges.length === 0);
    await replicas.result('no replica', ({ data }) => data?.replicas.length === 0);
    expect((await incidents.result('an answer', () => true)).data).toEqual({ incidents: null });
    await insertChat((await addReplica()).id);
    await list.result('a chat', ({ data }) => data?.chats.edges.length === 1);
    await replicas.result('a replica', ({ data }) => data?.replicas.length === 1);
  });
});

const lookCount = async ({ url }: { url: string }): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = [...text.matchAll(/^chat_debug_stream_looks_total\{why="\w+"\} (\d+)$/gm)].map(([, n]) => Number(n));
  return counts.reduce((sum, count) => sum + count, 0);
};
const metric = async ({ url }: { url: string }, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      ?.split(' ')
      .at(-1),
  );
};

describe('those who watch the same', () => {
  test('with the same rights share one loop; others do not', async () => {
    const gateway = await fleet.gateway({});
    const owner = randomUUID();
    const id = await insertChat(null, owner);
    const all = { variables: { id, ms: 60_000 } };
    const own = { ...all, token: await callerToken({ sub: owner }) };
    const operators = [await callerToken(), await callerToken({ sub: 'b', roles: ['chat-debug:read-all'] })];
    await Promise.all(operators.map((token) => open(gateway, CHAT, { ...all, token })));
    await open(gateway, CHAT, own);
    await open(gateway, CHAT, own);
    await open(gateway, CHAT, { ...own, variables: { id, ms: 50_000 } });
    expect(await metric(gateway, 'chat_debug_stream_loops')).toBe(3);
    expect(await metric(gateway, 'chat_debug_streams')).toBe(5);
  });

  test('one who reads nobody else’s chat gets null, whoever else watches it', async () => {
    const gateway = await fleet.gateway();
    const id = await insertChat(null);
    const operator = await open<Seen>(gateway, CHAT, { variables: { id } });
    const other = await open<Seen>(gateway, CHAT, {
      variables: { id },
      token: await callerToken({ sub: randomUUID() }),
    });
    expect((await operator.result('an answer', () => true)).data?.chatDebugSnapshot).not.toBeNull();
    expect((await other.result('an answer', () => true)).data?.chatDebugSnapshot).toBeNull();
  });

  test('the last one who goes ends the loop', async () => {
    const gateway = await fleet.gateway({});
    const client = await open(gateway, CHAT, { variables: { id: randomUUID() } });
    await client.result('an answer', () => true);
    client.close();
    await until('no loop runs', async () => (await metric(gateway, 'chat_debug_stream_loops')) === 0);
    expect(await metric(gateway, 'chat_debug_stream_ends_total{code="CLIENT_GONE"}')).toBe(1);
  });
});

describe('what is refused before it begins', () => {
  const CONDITIONAL = 'subscription ($some: Boolean!) { ... on Subscription @include(if: $some) { replicas { id } } }';
  const id = randomUUID();
  const REFUSED: [string, string, object, number, string][] = [
    ['a rate below the least', CHAT, { id, ms: 249 }, 400, 'BAD_USER_INPUT'],
    ['a rate above the most', CHAT, { id, ms: 60_001 }, 400, 'BAD_USER_INPUT'],
    ['a rate that is no number', CHAT, { id, ms: 'x' }, 400, 'BAD_USER_INPUT'],
    ['an id that is none', CHAT, { id: 'x' }, 400, 'BAD_USER_INPUT'],
    ['two fields', 'subscription { replicas { id } chats { edges { cursor } } }', {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['a root that may be left out', CONDITIONAL, { some: false }, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['a field that is not there', 'subscription { nothing }', {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['no GraphQL', 'subscription {', {}, 400, 'GRAPHQL_PARSE_FAILED'],
    ['a mutation', 'mutation { x }', {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'what costs too much',
      'subscription { chats(first: 100) { edges { node { everywhere { runners { runnerId } } diagnosis { verdict } } } } }',
      {},
      400,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'what costs too much as often as it asks',
      'subscription { chats(first: 100, everyMs: 250) { edges { node { diagnosis { verdict } } } } }',
      {},
      400,
      'QUERY_TOO_COMPLEX',
    ],
  ];
  test.each(REFUSED)('%s', async (_what, query, variables, status, code) => {
    const gateway = await fleet.gateway({ maxCost: 3_000 });
    const client = await open(gateway, query, { variables });
    expect([client.status, client.refusal?.errors[0]?.extensions.code]).toEqual([status, code]);
  });

  test('a bad token, as everywhere', async () => {
    const client = await open(await fleet.gateway(), CHAT, { variables: { id }, token: 'nonsense' });
    expect([client.status, client.refusal?.errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('a query is answered once and as JSON, so a client that takes only a stream is refused', async () => {
    const client = await open(await fleet.gateway(), '{ replicas { id } }');
    expect(client.status).toBe(406);
  });

  test('a root that may be left out, also without a stream', async () => {
    const { status, body } = await askGateway(await fleet.gateway(), CONDITIONAL, { variables: { some: true } });
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });

  test('a subscription whose client takes no stream is told what to do', async () => {
    const { status, body } = await askGateway(await fleet.gateway(), CHAT, { variables: { id } });
    expect([status, body.errors?.[0]?.message]).toEqual([400, expect.stringContaining('text/event-stream')]);
  });

  test('more streams than one caller may have, with the time to come back', async () => {
    const gateway = await fleet.gateway({ streams: { perCaller: 1, max: 2 } });
    const first = await open(gateway, CHAT, { variables: { id } });
    const second = await open(gateway, CHAT, { variables: { id } });
    expect([second.status, second.headers.get('retry-after'), second.refusal?.errors[0]?.extensions.code]).toEqual([
      ...[429, '5', 'TOO_MANY_STREAMS'],
    ]);
    const others = [1, 2].map(async (n) =>
      open(gateway, CHAT, { variables: { id }, token: await callerToken({ sub: `x${n}` }) }),
    );
    const statuses = (await Promise.all(others)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 503]);
    first.close();
    await until('there is room again', async () => (await open(gateway, CHAT, { variables: { id } })).status === 200);
  });

  test('a subscription that is not on the list, and one that is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'operations-'));
    const path = join(folder, 'manifest.json');
    const listed = { id: 'a', name: 'A', type: 'subscription', body: 'subscription A { replicas { id } }' };
    writeFileSync(
      path,
      JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: [listed] }),
    );
    const gateway = await fleet.gateway({ allowedOperations: readAllowedOperations(path) });
    rmSync(folder, { recursive: true });
    expect((await open(gateway, CHAT, { variables: { id } })).status).toBe(403);
    expect((await open(gateway, listed.body)).status).toBe(200);
  });
});

describe('the end', () => {
  test('of a token: the stream is told to come back with another one', async () => {
    const clock = { ...systemClock, skewMs: 0, now: () => new Date(systemClock.now().getTime() + clock.skewMs) };
    const gateway = await fleet.gateway({ clock });
    const exp = Math.floor(systemClock.now().getTime() / 1_000) + 60;
    const token = await callerToken({ sub: 'a', roles: ['chat-debug:read-all'], exp });
    const client = await open(gateway, CHAT, { variables: { id: randomUUID(), ms: 60_000 }, token });
    const other = await open(gateway, CHAT, { variables: { id: randomUUID() } });
    await client.result('an answer', () => true);
    clock.skewMs = 70_000;
    expect(await client.endCode()).toBe('UNAUTHENTICATED');
    expect(client.results.at(-1)?.errors?.[0]?.extensions.retryAfterMs).toBeUndefined();
    expect([client.isComplete(), other.hasEnded()]).toEqual([true, false]);
  });

  test('of a gateway: all are told to come back', async () => {
    const gateway = await fleet.gateway({});
    const clients = await Promise.all([1, 2, 3].map(() => open(gateway, CHAT, { variables: { id: randomUUID() } })));
    await gateway.retire();
    const codes = await Promise.all(clients.map((client) => client.endCode()));
    expect(codes).toEqual(['STOPPING', 'STOPPING', 'STOPPING']);
    expect(clients[0]?.results.at(-1)?.errors?.[0]?.extensions.retryAfterMs).toBe(500);
    const late = await open(gateway, CHAT, { variables: { id: randomUUID() } });
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1']);
  });

  test('of a gateway that stops at once', async () => {
    const gateway = await fleet.gateway({});
    const client = await open(gateway, CHAT, { variables: { id: randomUUID() } });
    await gateway.stop();
    expect(await client.endCode()).toBe('STOPPING');
  });
});

describe('clients of others', () => {
  test('graphql-sse: takes the answers, and comes back by itself when its connection breaks', async () => {
    const gateway = await fleet.gateway();
    const proxy = await startTcpProxy({ target: () => gateway.url });
    const id = await insertChat(null);
    const token = await callerToken();
    const client = createClient({
      url: `http://127.0.0.1:${proxy.port}/graphql`,
      headers: { authorization: `Bearer ${token}` },
      retry: async () => {},
    });
    const titles: unknown[] = [];
    const follow = async () => {
      for await (const { data } of client.iterate<Seen>({ query: CHAT, variables: { id } })) {
        titles.push(data?.chatDebugSnapshot?.database.title);
      }
    };
    const ended = follow();
    try {
      await until('it has an answer', () => titles.length === 1);
      proxy.cut();
      await setTitle(id, 'another');
      await until('it has the answer of after', () => titles.at(-1) === 'another');
    } finally {
      client.dispose();
      await ended.catch(() => {}); // it says that it was disposed of
      await proxy.close();
    }
  });

  test('of the multipart form: parts with answers, and one with the end', async () => {
    const gateway = await fleet.gateway({});
    const id = await insertChat(null);
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json',
        'content-type': 'application/json',
        authorization: `Bearer ${await callerToken()}`,
      },
      body: JSON.stringify({ query: CHAT, variables: { id } }),
    });
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec=1.0');
    let text = '';
    const read = async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
    };
    const ended = read();
    const parts = () =>
      text
        .split(/\r\n--graphql(?:--\r\n)?/)
        .filter((part) => part !== '')
        .map((part) => JSON.parse(part.slice(part.indexOf('{'))));
    await until('a part has come', () => text.lastIndexOf('--graphql') > 20);
    expect(parts()[0].payload.data.chatDebugSnapshot.executionState).toBe('W');
    await gateway.stop();
    await ended;
    expect(text.endsWith('\r\n--graphql--\r\n')).toBe(true);
    expect(parts().at(-1)).toMatchObject({ payload: null, errors: [{ extensions: { code: 'STOPPING' } }] });
  });
});
