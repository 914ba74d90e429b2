/**
 * What does the way to the database subgraph cost? Ours runs over HTTP to its own process, and in process.
 * Both are the built files that users run, over one Postgres and three replicas that answer from memory.
 */
import { argv } from 'node:process';
import type { ClientBase } from 'pg';
import { compareAnswers } from './gateway/compare.ts';
import { type Contender, ourEnvironment, startOurs } from './gateway/contenders.ts';
import { type Asked, inTurns, type Latency } from './gateway/latency.ts';
import { CONNECTIONS, type Measured, measure } from './gateway/measure.ts';
import { type Started, start, stopAll } from './gateway/processes.ts';
import { FIFTY_CHATS, SHAPES, type Shape } from './gateway/shapes.ts';
import { startReplicas } from './gateway/stubs.ts';
import { tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = Number(argv[2] ?? 5);
const SECONDS = Number(argv[3] ?? 1);
const WARM_UP_SECONDS = 1.5;
/** Requests of each, one at a time. */
const REQUESTS_ALONE = 60;
const ROUNDS_ALONE = 3;
const MESSAGES_EACH = 20;

/** One way: the gateway, and the other processes that answer with it. */
interface Way extends Contender {
  readonly pids: readonly (number | undefined)[];
  readonly results: Map<Shape, Measured[]>;
}

/**
 * Inserts chats at work on three replicas, with leases, messages and queues. The time of the database stands still, so
 * that all answers are the same.
 */
async function fill(client: ClientBase, database: string, replicas: Awaited<ReturnType<typeof startReplicas>>) {
  await client.query(
    `INSERT INTO replicas (id, hostname, relay_address, version)
     SELECT id, 'host', address, '0.1.0' FROM unnest($1::uuid[], $2::text[]) AS replica (id, address)`,
    [replicas.map(({ id }) => id), replicas.map(({ relayAddress }) => relayAddress)],
  );
  await client.query(
    `INSERT INTO chats (id, owner_id, title, status, worker_id, runner_id)
     SELECT id, gen_random_uuid(), 'a title', 'running', ($2::uuid[])[1 + (i - 1) % 3], gen_random_uuid()
     FROM unnest($1::uuid[]) WITH ORDINALITY AS chat (id, i)`,
    [FIFTY_CHATS.variables.chats, replicas.map(({ id }) => id)],
  );
  await client.query(`INSERT INTO chat_heartbeats SELECT id, runner_id, now() FROM chats`);
  await client.query(
    `INSERT INTO chat_messages (chat_id, role, content)
     SELECT id, (ARRAY['user', 'assistant', 'tool'])[1 + i % 3]::chat_message_role, '[]' FROM chats, generate_series(1, $1) AS i`,
    [MESSAGES_EACH],
  );
  await client.query(
    `INSERT INTO chat_queued_messages (chat_id, content, position, created_by) SELECT id, '[]', 1, owner_id FROM chats`,
  );
  await client.query('VACUUM ANALYZE');
  const { rows } = await client.query<{ now: string }>('SELECT now()::text AS now');
  await client.query(`CREATE SCHEMA stopped`);
  await client.query(
    `CREATE FUNCTION stopped.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT '${rows[0]?.now}'::timestamptz $$`,
  );
  await client.query(`ALTER DATABASE ${database} SET search_path = stopped, public, pg_catalog`);
}

const client = await start('./client.ts');

const load = (way: Way, shape: Shape, seconds: number): Promise<Measured> =>
  measure(client.child, way, shape, seconds, way.pids);

async function openWays(databaseUrl: string): Promise<readonly [Way, Way]> {
  const environment = { ...ourEnvironment(''), DATABASE_URL: databaseUrl };
  const here = await startOurs('', { settings: { ...environment, DATABASE_SUBGRAPH_URL: 'in-process' } });
  const subgraph: Started = await start(new URL('../dist/database.js', import.meta.url).href, {
    ...{ environment: { ...environment, DATABASE_SUBGRAPH_PORT: '0' }, isQuiet: true },
  });
  const front = await startOurs(subgraph.url);
  return [
    { ...front, name: 'over HTTP', pids: [front.child.pid, subgraph.child.pid], results: new Map() },
    { ...here, name: 'in process', pids: [here.child.pid], results: new Map() },
  ];
}

async function measureAll(ways: readonly [Way, Way]): Promise<Map<Shape, Latency[][]>> {
  for (const shape of SHAPES) for (const way of ways) await load(way, shape, WARM_UP_SECONDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const shape of SHAPES) {
      for (const way of round % 2 === 0 ? ways : [...ways].reverse()) {
        way.results.set(shape, [...(way.results.get(shape) ?? []), await load(way, shape, SECONDS)]);
      }
    }
  }
  const alone = new Map<Shape, Latency[][]>();
  for (const shape of SHAPES) {
    const { query, variables } = shape;
    const asked = ways.map((way): Asked => ({ ...way, contender: way, body: JSON.stringify({ query, variables }) }));
    alone.set(shape, await inTurns(asked, ROUNDS_ALONE, REQUESTS_ALONE));
  }
  return alone;
}

function print([overHttp, inProcess]: readonly [Way, Way], alone: Map<Shape, Latency[][]>): void {
  const answers: Parameters<typeof tell>[0][number][] = [];
  for (const shape of SHAPES) {
    const figure = (way: Way, of: keyof Measured) => median((way.results.get(shape) ?? []).map((one) => one[of]));
    /** Ratio of each round. */
    const ratio = (of: keyof Measured) =>
      median(
        (inProcess.results.get(shape) ?? []).map(
          (one, i) => one[of] / (overHttp.results.get(shape)?.[i]?.[of] ?? Number.NaN),
        ),
      );
    const [first = [], second = []] = alone.get(shape) ?? [];
    const aloneMs = (latencies: readonly Latency[]) => median(latencies.map(({ p50 }) => p50));
    const row = (way: Way, latencies: readonly Latency[], against: readonly string[]) => [
      ...[way.name, shown(figure(way, 'perSecond')), shown(figure(way, 'p50Ms'), 1), shown(figure(way, 'p99Ms'), 1)],
      ...[shown(figure(way, 'microseconds') / 1_000, 2), shown(aloneMs(latencies), 1), ...against],
    ];
    const times = (value: number) => `${shown(value, 2)} ×`;
    const aloneRatio = median(second.map(({ p50 }, i) => p50 / (first[i]?.p50 ?? Number.NaN)));
    printTable(
      `${shape.name}: ${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${SECONDS} s; and one request at a time`,
      [
        ...['database subgraph', 'requests a second', 'p50, ms', 'p99, ms', 'CPU ms a request', 'p50 alone, ms'],
        ...['requests against HTTP', 'CPU', 'p50 alone'],
      ],
      [
        row(overHttp, first, ['', '', '']),
        row(inProcess, second, [ratio('perSecond'), ratio('microseconds'), aloneRatio].map(times)),
      ],
    );
    answers.push({
      ...{ question: `${shape.name}, database subgraph in process against over HTTP`, goal: '' },
      figure: `${times(ratio('perSecond'))} requests a second, ${times(ratio('microseconds'))} CPU, ${times(aloneRatio)} p50 alone`,
      peers: `${shown(figure(inProcess, 'perSecond'))} against ${shown(figure(overHttp, 'perSecond'))} a second`,
    });
  }
  tell(answers);
}

await withDatabase(async ({ url, pool }) => {
  const filling = await pool.connect();
  await fill(filling, new URL(url).pathname.slice(1), await startReplicas([0, 0, 0]));
  filling.release();
  try {
    const ways = await openWays(url);
    for (const shape of SHAPES) await compareAnswers(ways, shape);
    print(ways, await measureAll(ways));
  } finally {
    await stopAll();
  }
});
