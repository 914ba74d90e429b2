/**
 * How soon does a live view tell of a change, what does it cost, and what is lost on a bad network?
 * The built gateway and database subgraph over a real Postgres. Beside the streams, a client that asks every second.
 */
import { randomUUID } from 'node:crypto';
import { argv } from 'node:process';
import type pg from 'pg';
import { systemClock as clock } from '../common/clock.ts';
import { startTcpProxy } from '../test/support/tcpProxy.ts';

import { ourEnvironment, ourHeaders, startOurs } from './gateway/contenders.ts';
import { start, stopAll } from './gateway/processes.ts';
import { type Owner, startOwner } from './live/owner.ts';
import { until } from './live/until.ts';
import { openWatcher, type Question, type Seen, type Watcher } from './live/watcher.ts';
import { type BenchAnswer, tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { percentile } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const CHANGES = Number(argv[2] ?? 200);
const WATCHERS = Number(argv[3] ?? 1_000);
const STREAMS_OF_LISTS = 500;
const TICK_MS = 1_000;
const OWNER_DEADLINE_MS = 1_000;
const WINDOW_MS = 20_000;
const CUT_ROUNDS = 20;
const CUT_CLIENTS = 20;

const CHAT = `subscription ($id: UUID!) { chatDebugSnapshot(chatId: $id, everyMs: ${TICK_MS}) {
  database { title snapshotVersion } runtime { reachability { status } messageBuffers { partsBuffered } } } }`;
const LIST = `subscription { chats(first: 100, everyMs: ${TICK_MS}) { edges { node {
  chatId executionState database { title status workerId updatedAt queueDepth heartbeats { runnerId isStale } } } } } }`;
const asQuery = (text: string) => text.replace('subscription', 'query').replace(`, everyMs: ${TICK_MS}`, '');

interface Scene {
  readonly pool: pg.Pool;
  /** Endpoint of the gateway. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly metrics: () => Promise<string>;
  readonly subgraphMetrics: () => Promise<string>;
}

/** Changes a chat as a worker does: in the database, and told at once. */
const change = (pool: pg.Pool, id: string, title: string) =>
  pool.query(
    `WITH changed AS (UPDATE chats SET title = $2, snapshot_version = snapshot_version + 1 WHERE id = $1 RETURNING *)
     SELECT pg_notify('chat_update', json_build_object('chat_id', id, 'snapshot_version', snapshot_version)::text) FROM changed`,
    [id, title],
  );

async function insertChat(pool: pg.Pool, workerId: string | null): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    'INSERT INTO chats (owner_id, worker_id, runner_id) VALUES ($1, $2, $3) RETURNING id',
    [randomUUID(), workerId, workerId && randomUUID()],
  );
  return rows[0]?.id ?? '';
}

async function addOwner(pool: pg.Pool): Promise<Owner & { id: string }> {
  const id = randomUUID();
  const owner = await startOwner(id);
  await pool.query(`INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'host', $2, '0.2.0')`, [
    ...[id, owner.url],
  ]);
  return { ...owner, id };
}

/** Milliseconds from each change to the first event for which it holds. */
async function delays(
  count: number,
  watcher: Pick<Watcher, 'seen'>,
  make: (i: number) => Promise<unknown> | unknown,
  shows: (text: string, i: number) => boolean,
  pauseMs: () => number,
): Promise<number[]> {
  const measured: number[] = [];
  for (let i = 1; i <= count; i += 1) {
    await clock.sleep(pauseMs());
    await make(i);
    const atMs = clock.monotonicMs();
    const event = await until('the change is shown', () => watcher.seen.findLast(({ text }) => shows(text, i)));
    measured.push(event.atMs - atMs);
  }
  return measured;
}

/** A client that asks every second, as it would without live views. */
function poller({ url, headers }: Scene, question: Question): { seen: Seen[]; stop: () => void } {
  const seen: Seen[] = [];
  const stopping = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) {
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(question) });
      const text = await response.text();
      seen.push({ atMs: clock.monotonicMs(), text });
      await clock.sleep(TICK_MS, stopping.signal);
    }
  };
  void run();
  return { seen, stop: () => stopping.abort() };
}

const sumOf = (text: string, name: RegExp): number =>
  [...text.matchAll(name)].reduce((sum, [, value]) => sum + Number(value), 0);
const requestsIn = (text: string) => sumOf(text, /^chat_debug_subgraph_request_duration_seconds_count\S* (\S+)$/gm);
const heapIn = (text: string) => Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
/** Longest delay of the event loop since the metrics were last read. */
const longestLagIn = (text: string) => Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]) * 1_000;
const usualLagIn = (text: string) => Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1]) * 1_000;

const answers: BenchAnswer[] = [];
const note = (question: string, goal: string, figure: string, isMet: boolean, peers = '') =>
  answers.push({ question, goal, figure, isMet, peers });
const ms = (value: number) => `${shown(value)} ms`;

/** From the commit in the database, beside a client that asks. */
async function commits(scene: Scene): Promise<void> {
  const id = await insertChat(scene.pool, null);
  const question = { query: CHAT, variables: { id } };
  const watcher = await openWatcher(scene.url, scene.headers, question);
  const polled = poller(scene, { ...question, query: asQuery(CHAT) });
  await until('both have an answer', () => watcher.seen.length > 0 && polled.seen.length > 0);
  await clock.sleep(TICK_MS);
  const make = (name: string) => (i: number) => change(scene.pool, id, `${name} ${i}.`);
  const shows = (name: string) => (text: string, i: number) => text.includes(`${name} ${i}.`);
  const pause = () => 150 + clock.random() * 300;
  const live = await delays(CHANGES, watcher, make('live'), shows('live'), pause);
  const asked = await delays(Math.ceil(CHANGES / 10), polled, make('asked'), shows('asked'), pause);
  watcher.close();
  polled.stop();
  const [p50, p99] = [percentile(live, 0.5), percentile(live, 0.99)];
  note('a commit in the database to the event, p50', '≤ 60 ms', ms(p50), p50 <= 60, ms(percentile(asked, 0.5)));
  note('the same, p99', '≤ 300 ms', ms(p99), p99 <= 300, ms(percentile(asked, 0.99)));
}

/** What only the owner's memory tells, and its death. */
async function memory(scene: Scene): Promise<void> {
  const owner = await addOwner(scene.pool);
  const id = await insertChat(scene.pool, owner.id);
  const watcher = await openWatcher(scene.url, scene.headers, { query: CHAT, variables: { id } });
  await until('the owner is shown', () => watcher.seen.some(({ text }) => text.includes('"OK"')));
  const pause = () => clock.random() * TICK_MS;
  const parts = await delays(
    Math.ceil(CHANGES / 5),
    watcher,
    (i) => owner.set(i),
    (text, i) => text.includes(`"partsBuffered":${i}}`),
    pause,
  );
  const p99 = percentile(parts, 0.99);
  note('a change of memory alone to the event, p99', `≤ ${ms(TICK_MS + 100)}`, ms(p99), p99 <= TICK_MS + 100);
  const [death = Number.NaN] = await delays(1, watcher, owner.die, (text) => text.includes('"UNREACHABLE"'), pause);
  const limit = TICK_MS + OWNER_DEADLINE_MS + 100;
  note('owner killed to UNREACHABLE', `≤ ${ms(limit)}`, ms(death), death <= limit);
  watcher.close();
}

/** Work of database and owner in a window, while so many watch one chat that changes. */
async function loadOf(scene: Scene, watchers: number): Promise<{ database: number; owner: number }> {
  const owner = await addOwner(scene.pool);
  const id = await insertChat(scene.pool, owner.id);
  const open = Array.from({ length: watchers }, () =>
    openWatcher(scene.url, scene.headers, { query: CHAT, variables: { id } }, { keepsAll: false }),
  );
  const all = await Promise.all(open);
  await until('all have an answer', () => all.every(({ seen }) => seen.length > 0));
  const before = { database: requestsIn(await scene.subgraphMetrics()), owner: owner.asked() };
  const endMs = clock.monotonicMs() + WINDOW_MS;
  for (let i = 0; clock.monotonicMs() < endMs; i += 1) {
    await change(scene.pool, id, `change ${i}`);
    await clock.sleep(700);
  }
  const load = {
    database: requestsIn(await scene.subgraphMetrics()) - before.database,
    owner: owner.asked() - before.owner,
  };
  for (const watcher of all) watcher.close();
  await owner.die();
  return load;
}

async function sharing(scene: Scene): Promise<void> {
  const one = await loadOf(scene, 1);
  const many = await loadOf(scene, WATCHERS);
  for (const what of ['database', 'owner'] as const) {
    const ratio = many[what] / one[what];
    const question = `requests to the ${what} for ${shown(WATCHERS)} watchers of one chat`;
    note(question, '≤ 1.1 × one', `${shown(ratio, 2)} ×`, ratio <= 1.1, `${many[what]} against ${one[what]}`);
  }
}

async function streams(scene: Scene): Promise<void> {
  const id = await insertChat(scene.pool, null);
  for (let i = 0; i < 100; i += 1) await insertChat(scene.pool, null);
  const one = { query: CHAT, variables: { id } };
  const before = heapIn(await scene.metrics());
  const all = await Promise.all(
    Array.from({ length: WATCHERS }, () => openWatcher(scene.url, scene.headers, one, { keepsAll: false })),
  );
  await until('all have an answer', () => all.every(({ seen }) => seen.length > 0));
  await clock.sleep(3_000);
  const each = (heapIn(await scene.metrics()) - before) / WATCHERS / 1_000;
  note('gateway memory for a stream', '≤ 30 KB', `${shown(each, 1)} KB`, each <= 30);
  for (const watcher of all) watcher.close();

  const lists = await Promise.all(
    Array.from({ length: STREAMS_OF_LISTS }, () =>
      openWatcher(scene.url, scene.headers, { query: LIST }, { keepsAll: false }),
    ),
  );
  await until('all have a list', () => lists.every(({ seen }) => seen.length > 0));
  await scene.metrics(); // the next one tells of the time since
  const endMs = clock.monotonicMs() + WINDOW_MS;
  for (let i = 0; clock.monotonicMs() < endMs; i += 1) {
    await change(scene.pool, id, `change ${i}`);
    await clock.sleep(300);
  }
  const after = await scene.metrics();
  const [longest, usual] = [longestLagIn(after), usualLagIn(after)];
  const question = `event loop of the gateway with ${STREAMS_OF_LISTS} streams of 100 chats, longest delay`;
  note(question, '≤ 50 ms', `${ms(longest)}; p99 ${ms(usual)}`, longest <= 50);
  for (const watcher of lists) watcher.close();
}

/** Clients behind proxies that cut and freeze; each comes back when its connection has ended. */
async function badNetwork(scene: Scene): Promise<void> {
  const proxy = await startTcpProxy({ target: () => scene.url });
  const through = `http://127.0.0.1:${proxy.port}/graphql`;
  const id = await insertChat(scene.pool, null);
  let isOver = false;
  const newest = Array.from({ length: CUT_CLIENTS }, () => '');
  const clients = newest.map(async (_, i) => {
    while (!isOver) {
      const onEvent = ({ text }: Seen) => {
        newest[i] = text;
      };
      const watcher = await openWatcher(through, scene.headers, { query: CHAT, variables: { id } }, { onEvent }).catch(
        () => undefined,
      );
      while (watcher && !watcher.hasEnded() && !isOver) await clock.sleep(20);
      watcher?.close();
      await clock.sleep(20);
    }
  });
  let delivered = 0;
  for (let round = 0; round < CUT_ROUNDS; round += 1) {
    for (let i = 0; i < 5; i += 1) {
      await change(scene.pool, id, `round ${round}, ${i}.`);
      if (i === round % 5) proxy.cut();
      if (i === (round + 2) % 5) proxy.freeze();
      await clock.sleep(clock.random() * 100);
    }
    proxy.thaw();
    await until('all see the last state', () => newest.every((text) => text.includes(`round ${round}, 4.`)));
    delivered += newest.length;
  }
  isOver = true;
  await Promise.all(clients);
  await proxy.close();
  const all = CUT_ROUNDS * CUT_CLIENTS;
  note(
    'the last state after the last change, behind cuts and freezes',
    'always',
    `${delivered} of ${all}`,
    delivered === all,
  );
}

await withDatabase(async ({ url: databaseUrl, pool }) => {
  try {
    const environment = {
      ...ourEnvironment(''),
      DATABASE_URL: databaseUrl,
      REPLICA_TIMEOUT_MS: String(OWNER_DEADLINE_MS),
    };
    const streamsOpen = String(2 * WATCHERS);
    const subgraph = await start(new URL('../dist/database.js', import.meta.url).href, {
      environment: { ...environment, DATABASE_SUBGRAPH_PORT: '0', DATABASE_LISTEN_URL: databaseUrl },
      isQuiet: true,
    });
    const gateway = await startOurs(subgraph.url, {
      settings: {
        REPLICA_TIMEOUT_MS: environment.REPLICA_TIMEOUT_MS,
        STREAMS_PER_CALLER: streamsOpen,
        STREAMS_MAX: streamsOpen,
      },
    });
    const origin = new URL(gateway.url).origin;
    const read = (of: string) => async () => (await fetch(`${of}/metrics`)).text();
    const scene: Scene = {
      ...{ pool, url: `${origin}/graphql`, headers: await ourHeaders() },
      ...{ metrics: read(origin), subgraphMetrics: read(subgraph.url) },
    };
    for (const part of [commits, memory, sharing, streams, badNetwork]) await part(scene);
  } finally {
    await stopAll();
  }
});
printTable(
  `Live views: ${CHANGES} changes, ${shown(WATCHERS)} watchers; STREAMS_PER_CALLER and STREAMS_MAX are raised`,
  ['question', 'goal', 'figure', 'a client that asks every second', 'met'],
  answers.map(({ question, goal, figure, peers = '', isMet }) => [question, goal, figure, peers, isMet ? 'yes' : 'no']),
);
tell(answers);
process.exit(0);
