/** A chat that moves from owner to owner, under fifty watchers whose connections are cut and frozen. */
import { afterAll, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { replicaProcessesPerTest } from '../diagnosis/support/replicaProcess.ts';
import { eventsOf } from '../support/chatEvents.ts';
import { runScript } from '../support/command.ts';
import { databasePerFile } from '../support/database.ts';
import { liveClientsPerTest } from '../support/liveClient.ts';
import { serverProcessesPerTest } from '../support/serverProcess.ts';
import { startTcpProxy } from '../support/tcpProxy.ts';
import type { TcpServer } from '../support/tcpServer.ts';
import { until } from '../support/until.ts';
import { AUTH_SECRET, callerToken, INTERNAL_SECRET } from './gateways.ts';

jest.setTimeout(180_000);

const WATCHERS = 50;
const PROXIES = 5;

const database = databasePerFile();
const startProcess = serverProcessesPerTest();
const startReplica = replicaProcessesPerTest();
const open = liveClientsPerTest();
const proxies: TcpServer[] = [];
afterAll(async () => {
  for (const proxy of proxies) {
    proxy.thaw();
    await proxy.close();
  }
});

const shared = {
  ...{ INTERNAL_SECRET, AUTH_SECRET, LOG_LEVEL: 'info' },
  ...{ HEARTBEAT_INTERVAL_SECONDS: '0.3', HEARTBEAT_STALE_SECONDS: '3', ACQUISITION_INTERVAL_SECONDS: '0.3' },
  ...{ DATABASE_TIMEOUT_MS: '20000', RATE_LIMIT_PER_MINUTE: '0' },
};

interface Seen {
  readonly chatDebugSnapshot: {
    readonly executionState: string;
    readonly database: { readonly snapshotVersion: number; readonly workerId: string | null };
    readonly runtime: { readonly reachability: { readonly status: string } } | null;
    readonly diagnosis: { readonly verdict: string };
  } | null;
}
const QUERY = `subscription ($id: UUID!) { chatDebugSnapshot(chatId: $id, everyMs: 1000) {
  executionState database { snapshotVersion workerId } runtime { reachability { status } } diagnosis { verdict } } }`;

/** Watches for ever: whoever is cut off comes back. */
function watcher(url: string, id: string, token: string) {
  const seen: Seen[] = [];
  let [isOver, connections] = [false, 0];
  let close = () => {};
  const run = async () => {
    while (!isOver) {
      try {
        const client = await open<Seen>({ url }, QUERY, { variables: { id }, token });
        connections += 1;
        close = client.close;
        let read = 0;
        await until('the stream ends', () => {
          for (; read < client.results.length; read += 1) {
            const { data } = client.results[read] ?? {};
            if (data) seen.push(data);
          }
          return isOver || client.hasEnded();
        });
      } catch {
        await systemClock.sleep(50);
      }
    }
    close();
  };
  const ended = run();
  return {
    seen,
    connections: () => connections,
    end: () => {
      isOver = true;
      return ended;
    },
  };
}

test('every watcher ends with the true state, and saw none that never was, and versions never go back', async () => {
  const subgraph = await startProcess('dist/database.js', {
    ...shared,
    ...{ DATABASE_URL: database.url, DATABASE_LISTEN_URL: database.url, DATABASE_SUBGRAPH_PORT: '0' },
  });
  const gateway = await startProcess('dist/gateway.js', {
    ...shared,
    ...{ PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql`, STREAMS_PER_CALLER: '200' },
  });
  const settings = { ...shared, DATABASE_URL: database.url };
  const first = await startReplica(settings);
  const { id } = await new ChatStore(database.pool).create({
    ownerId: '00000000-0000-4000-8000-00000000000a',
    text: '/slow 120',
  });
  for (let i = 0; i < PROXIES; i += 1) proxies.push(await startTcpProxy({ target: () => gateway.url }));
  const token = await callerToken();
  const watchers = Array.from({ length: WATCHERS }, (_, i) =>
    watcher(`http://127.0.0.1:${proxies[i % PROXIES]?.port}`, id, token),
  );

  let isOver = false;
  const disturb = async () => {
    for (let turn = 0; !isOver; turn += 1) {
      const proxy = proxies[turn % PROXIES];
      if (turn % 2 === 0) proxy?.cut();
      else proxy?.freeze();
      await systemClock.sleep(400);
      proxy?.thaw();
    }
    for (const proxy of proxies) proxy.thaw();
  };
  const disturbing = disturb();

  const owner = async () => {
    const { rows } = await database.pool.query<{ worker_id: string | null }>(
      'SELECT worker_id FROM chats WHERE id = $1',
      [id],
    );
    return rows[0]?.worker_id ?? null;
  };
  const ownedByOther = (before: string | null) =>
    until('another replica owns the chat', async () => {
      const now = await owner();
      return now !== null && now !== before && now;
    });
  await until('the first replica owns the chat', async () => (await owner()) === first.id);

  const second = await startReplica(settings);
  first.kill('SIGKILL');
  expect(await ownedByOther(first.id)).toBe(second.id);

  const third = await startReplica(settings);
  second.kill('SIGTERM'); // it drains: hands the chat over
  expect(await ownedByOther(second.id)).toBe(third.id);

  await startReplica(settings);
  const released = await runScript('dist/cli/chat.js', ['release', id], { ...settings, DATA_DIR: '/nonexistent' });
  expect(released).toMatchObject({ code: 0 });
  await until('the chat is owned again', owner);
  const interrupted = await runScript('dist/cli/chat.js', ['interrupt', id], { ...settings, DATA_DIR: '/nonexistent' });
  expect(interrupted).toMatchObject({ code: 0 });

  const row = async () => {
    const { rows } = await database.pool.query<{ version: number; status: string }>(
      'SELECT snapshot_version::float8 AS version, status::text FROM chats WHERE id = $1',
      [id],
    );
    return rows[0];
  };
  await until('the chat is at rest', async () => (await row())?.status === 'waiting' && (await owner()) === null);
  isOver = true;
  await disturbing;
  const last = await row();
  await until(
    () => `all see version ${last?.version}, but ${JSON.stringify(watchers.map(({ seen }) => versionOf(seen.at(-1))))}`,
    () => watchers.every(({ seen }) => versionOf(seen.at(-1)) === last?.version),
  );
  await Promise.all(watchers.map((one) => one.end()));

  const states = await statesOf(id);
  for (const { seen, connections } of watchers) {
    const versions = seen.map(versionOf);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    for (const { chatDebugSnapshot: chat } of seen) {
      expect(JSON.stringify([chat?.executionState, chat?.database.workerId])).toBe(
        states.get(chat?.database.snapshotVersion ?? 0),
      );
    }
    expect(seen.at(-1)?.chatDebugSnapshot).toMatchObject({
      executionState: 'W',
      runtime: null,
      diagnosis: { verdict: 'IDLE' },
    });
    expect(connections()).toBeGreaterThan(1);
  }
});

const versionOf = (seen: Seen | undefined): number => seen?.chatDebugSnapshot?.database.snapshotVersion ?? 0;

/** State and owner that each version of a chat made, as its events tell; an event names the owner only if that changed. */
async function statesOf(id: string): Promise<ReadonlyMap<number, string>> {
  const states = new Map<number, string>();
  let owner: string | null = null;
  for (const { snapshotVersion, toState, workerId, previousWorkerId } of await eventsOf(database.pool, id)) {
    if (workerId !== null || previousWorkerId !== null) owner = workerId;
    states.set(snapshotVersion, JSON.stringify([toState, owner]));
  }
  return states;
}
