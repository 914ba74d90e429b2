/** Replicas that could take chats without an owner: many chats name the same few, and each is asked once. */
import { expect, test } from '@jest/globals';
import { settings } from '../../server/settings/settings.ts';
import { askGateway, gatewaysPerTest } from './gateways.ts';
import { deadUrl, sendJson, serversPerTest, type TestServer } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const id = (kind: string, n: number) => `${kind.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const CHATS = Array.from({ length: 100 }, (_, i) => id('c', i));
const REPLICAS = Array.from({ length: 20 }, (_, i) => id('b', i));

/** A database of which each chat has every replica for a candidate. @param candidates of one chat */
const startDatabase = (addresses: readonly string[], candidates: readonly string[] = REPLICAS) =>
  servers.serve((response, { method, body }) => {
    if (method === 'GET') return void response.end('ok');
    const rows = REPLICAS.map((replica, i) => ({ id: replica, relayAddress: addresses[i], stoppedAt: null }));
    if (body.query.includes('replicas(')) return sendJson(response, 200, { data: { replicas: rows } });
    const chats = CHATS.map((chatId) => ({
      ...{ __typename: 'ChatDebugSnapshot', chatId, executionState: 'R0', runtime: null, recentOwners: null },
      database: { status: 'running', archived: false, workerId: null, runnerId: null, updatedAgeSeconds: 60 },
      candidates: candidates.map((workerId) => ({ __typename: 'ReplicaRuntime', workerId })),
    }));
    sendJson(response, 200, { data: { chatDebugSnapshots: chats } });
  });

interface Chat {
  diagnosis: { verdict: string };
  candidates: { workerId: string; reachability: { status: string }; isFull: boolean | null }[];
}
const QUERY = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) {
  diagnosis { verdict } candidates { workerId reachability { status } isFull }
} }`;

const full = (workerId: string) =>
  servers.serve((response, { body }) => {
    const { representations } = body.variables as { representations: object[] };
    const runtime = {
      ...{ workerId, isFull: true, roomSeconds: 0, isDraining: false, runnerCount: 9, capacity: 9, bufferCount: 0 },
      ...{ acquisitionError: null, refusedChats: [] },
    };
    sendJson(response, 200, { data: { _entities: representations.map(() => runtime) } });
  });

const representationsAt = ({ received }: TestServer) => received.map(({ body }) => body.variables.representations);

test('100 chats with 20 candidates each ask every replica once, in one time limit; a dead and a slow one cost only themselves', async () => {
  const live = await Promise.all(REPLICAS.slice(2).map(full));
  const slow = await servers.hang();
  const database = await startDatabase([await deadUrl(), slow.url, ...live.map(({ url }) => url)]);
  const gateway = await startGateway(database, {
    replicas: { timeoutMs: 2_000 },
    maxCost: settings.MAX_COST.parse(undefined),
  });
  const { body } = await askGateway<{ chatDebugSnapshots: Chat[] }>(gateway, QUERY, {
    variables: { ids: CHATS },
    extensions: { routing: true, cost: true },
  });
  const chats = body.data?.chatDebugSnapshots ?? [];
  expect(chats).toHaveLength(CHATS.length);
  for (const { candidates, diagnosis } of chats) {
    expect(diagnosis.verdict).toEqual(expect.any(String));
    expect(candidates).toEqual(
      REPLICAS.map((workerId, i) => ({
        workerId,
        reachability: { status: i === 0 ? 'UNREACHABLE' : i === 1 ? 'TIMED_OUT' : 'OK' },
        isFull: i < 2 ? null : true,
      })),
    );
  }
  REPLICAS.slice(2).forEach((workerId, i) => {
    expect(live[i] && representationsAt(live[i])).toEqual([[{ __typename: 'ReplicaRuntime', workerId }]]);
  });
  const { routing } = body.extensions as { routing: { replicaId: string; elapsedMs: number }[] };
  expect(routing.map(({ replicaId }) => replicaId).toSorted()).toEqual(REPLICAS);
});

test('no candidate, no request', async () => {
  const door = await servers.serve((response) => sendJson(response, 200, {}));
  const database = await startDatabase(
    REPLICAS.map(() => door.url),
    [],
  );
  const gateway = await startGateway(database);
  const { body } = await askGateway<{ chatDebugSnapshots: Chat[] }>(gateway, QUERY, { variables: { ids: CHATS } });
  expect(body.data?.chatDebugSnapshots.map(({ candidates }) => candidates)).toEqual(CHATS.map(() => []));
  expect(door.received).toEqual([]);
  const asked = database.received.filter(({ method }) => method === 'POST');
  expect(asked.map(({ body: { query } }) => query.includes('chatDebugSnapshots'))).toEqual([true]);
});
