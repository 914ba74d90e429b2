/**
 * Replicas at work and two gateways behind a balancer, restarted one after the other under load.
 *
 * - A replica is healthy from the moment a chat's row names it until it is told to end. A row names it only once it
 * listens.
 * - A half is lost if its row names a replica that was healthy until the answer, and its status is not OK.
 * - A row may have been read just before a stopping replica gave its chats away. Its half may then say only that the
 * replica has stopped, and only if nobody has taken the chat yet.
 */
import { randomUUID } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import { Agent, request } from 'undici';
import { systemClock } from '../../common/clock.ts';
import { freePorts } from '../../local/ports.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { balancersPerTest } from '../support/balancer.ts';
import { databasePerFile } from '../support/database.ts';
import { type ServerProcess, serverProcessesPerTest } from '../support/serverProcess.ts';
import { until } from '../support/until.ts';
import { AUTH_SECRET, callerToken, type GraphqlResponse, INTERNAL_SECRET } from './gateways.ts';
import { restart } from './restarts.ts';

jest.setTimeout(180_000);

const REPLICAS = 3;
const CHATS = 9;
/** Any two replicas have room for all chats, and no two of them could leave the third without. */
const MAX_RUNNERS = '5';
const CLIENTS = 4;
/** Milliseconds between two requests of one client. */
const PAUSE_MS = 40;

const database = databasePerFile();
const startProcess = serverProcessesPerTest();
const startBalancer = balancersPerTest();
const patient = { DATABASE_TIMEOUT_MS: '20000', REPLICA_TIMEOUT_MS: '20000', RATE_LIMIT_PER_MINUTE: '0' };
const common = { AUTH_SECRET, INTERNAL_SECRET, ...patient };
const start = {
  replica: async (port: number): Promise<ServerProcess & { id: string }> => {
    const settings = { DATABASE_URL: database.url, RUNTIME_PORT: String(port), MAX_RUNNERS };
    const server = await startProcess('dist/replica.js', {
      ...{ ...common, ...settings, ACQUISITION_INTERVAL_SECONDS: '0.5' },
    });
    const { rows } = await database.pool.query<{ id: string }>(
      'SELECT id FROM replicas WHERE relay_address = $1 ORDER BY started_at DESC LIMIT 1',
      [server.url],
    );
    return { ...server, id: rows[0]?.id ?? '' };
  },
  database: () =>
    startProcess('dist/database.js', {
      ...{ ...common, DATABASE_URL: database.url, DATABASE_SUBGRAPH_PORT: '0' },
    }),
  gateway: (port: number, database: string) =>
    startProcess('dist/gateway.js', { ...common, PORT: String(port), DATABASE_SUBGRAPH_URL: `${database}/graphql` }),
};

interface Snapshot {
  chatId: string;
  database: { status: string; workerId: string | null };
  runtime: {
    workerId: string;
    localWorkerId: string | null;
    reachability: { status: string; reason: string | null };
  } | null;
}
const QUERY = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) {
  chatId database { status workerId } runtime { workerId localWorkerId reachability { status reason } }
} }`;

/** Results of many requests. */
class Observed {
  readonly failed: string[] = [];
  /** Halves that are not OK, with the moment at which their answer had come. */
  readonly notOk: { workerId: string; status: string; reason: string | null; atMs: number }[] = [];
  /** Replicas that answered for each chat. */
  readonly owners = new Map<string, Set<string>>();
  answered = 0;

  note(
    ids: readonly string[],
    { status, body }: Pick<GraphqlResponse<{ chatDebugSnapshots: Snapshot[] }>, 'status' | 'body'>,
  ): void {
    const snapshots = body.data?.chatDebugSnapshots ?? [];
    const isWhole = (chat: Snapshot, i: number) =>
      chat?.chatId === ids[i] &&
      chat.database.status === 'running' &&
      (chat.runtime?.workerId ?? null) === chat.database.workerId;
    if (status !== 200 || snapshots.length !== ids.length || !snapshots.every(isWhole)) {
      this.failed.push(`${status} ${JSON.stringify(body)}`);
      return;
    }
    this.answered += 1;
    for (const { chatId, runtime } of snapshots) {
      if (!runtime) continue;
      const { workerId, localWorkerId, reachability } = runtime;
      if (reachability.status === 'OK' && localWorkerId !== null) {
        this.owners.set(chatId, (this.owners.get(chatId) ?? new Set()).add(localWorkerId));
      } else this.notOk.push({ workerId, ...reachability, atMs: systemClock.monotonicMs() });
    }
  }
}

test('no request fails, and no half is lost that a healthy replica could have answered', async () => {
  const free = await freePorts(REPLICAS + 2, systemClock);
  const ports = { replicas: free.slice(0, REPLICAS), gateways: free.slice(REPLICAS) };
  const [subgraph, ...replicas] = await Promise.all([start.database(), ...ports.replicas.map(start.replica)]);
  const gateways = await Promise.all(ports.gateways.map((port) => start.gateway(port, subgraph.url)));
  const front = await startBalancer(gateways.map(({ url }) => url));
  const store = new ChatStore(database.pool);
  const made = Array.from({ length: CHATS }, () => store.create({ ownerId: randomUUID(), text: '/slow 600' }));
  const ids = (await Promise.all(made)).map(({ id }) => id);

  const dispatcher = new Agent({ connections: CLIENTS });
  const authorization = `Bearer ${await callerToken()}`;
  const record = new Observed();
  let sending = true;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (sending) {
      try {
        const { statusCode, body } = await request(`${front.url}/graphql`, {
          dispatcher,
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify({ query: QUERY, variables: { ids } }),
        });
        record.note(ids, { status: statusCode, body: (await body.json()) as never });
      } catch (error) {
        record.failed.push(String(error));
      }
      await systemClock.sleep(PAUSE_MS);
    }
  });

  /** Every chat is with one of the replicas that run, and has been answered for by it. */
  const allSettled = (running: readonly { id: string }[]) =>
    until('each chat is with a replica that runs, and answered for by it', async () => {
      const { rows } = await database.pool.query<{ id: string; worker_id: string | null }>(
        'SELECT id, worker_id FROM chats',
      );
      return rows.every(
        ({ id, worker_id: owner }) =>
          owner && running.some((one) => one.id === owner) && record.owners.get(id)?.has(owner),
      );
    });
  await allSettled(replicas);
  const toldToEndMs = new Map<string, number>();
  const running = [...replicas];
  for (const [i, port] of ports.replicas.entries()) {
    const replica = running[i];
    toldToEndMs.set(replica?.id ?? '', systemClock.monotonicMs());
    const [next] = await Promise.all([
      restart(replica, () => start.replica(port)),
      gateways[i] && restart(gateways[i], () => start.gateway(ports.gateways[i] ?? 0, subgraph.url)),
    ]);
    running[i] = next;
    await until('both gateways are ready', () => front.countReady() === 2);
    await allSettled(running);
  }
  sending = false;
  await Promise.all(clients);
  await dispatcher.close();

  const wasHealthy = ({ workerId, atMs }: { workerId: string; atMs: number }) =>
    atMs < (toldToEndMs.get(workerId) ?? Number.POSITIVE_INFINITY);
  expect(record.failed).toEqual([]);
  expect(record.notOk.filter(wasHealthy)).toEqual([]);
  expect(record.notOk.filter((half) => !wasHealthy(half) && half.status !== 'STOPPED')).toEqual([]);
  expect(record.answered).toBeGreaterThan(100);
  expect([...record.owners.values()].filter((owners) => owners.size < 2)).toEqual([]); // each chat has moved
});
