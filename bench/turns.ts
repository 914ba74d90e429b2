/**
 * What does a turn of the chat worker cost in Postgres, and how many are there a second? A turn is one message answered by one
 * step, of a model that answers at once. Beside it, in turns on one database: the same without events, and the same of earlier
 * commits of this project.
 */
import { argv } from 'node:process';
import { systemClock as clock } from '../common/clock.ts';
import { tell } from './support/answers.ts';
import { inTransaction } from './support/chats.ts';
import { type BenchDatabase, withDatabase } from './support/postgres.ts';
import { processTimeMs } from './support/processTime.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';
import { takers } from './takers/all.ts';
import type { Source } from './takers/taker.ts';
import { startTakerProcess, type TakerProcess } from './takers/takerProcess.ts';
import { type Counts, startCountingProxy } from './turns/countingProxy.ts';
import { checkOut } from './wholeWay/earlier.ts';

const ROUNDS = Number(argv[2] ?? 5);
/** Commits, or folders with one. */
const EARLIER = argv.length > 3 ? argv.slice(3) : ['fa37945'];
const TAKER = 'chat worker';
const PROCESSES = [1, 8];
const CONCURRENCY = 50;
const BURST = 300;
const WARM_UP = 40;
const ONE_BY_ONE = 20;
/** Milliseconds in which the last notifications go out. */
const SETTLE_MS = 200;
const GOALS = { statements: 8, transactions: 4, wal: 0.8, turns: 3, turnsWithEvents: 0.95, walWithEvents: 1.25 };
/** Setting of a session that leaves no events, as `HISTORY=off` has it. */
const WITHOUT_EVENTS = `options=${encodeURIComponent('-c chat_debug.events=off')}`;

interface Way {
  readonly name: string;
  readonly processes: readonly TakerProcess[];
  /** Parameters of the URL by which they connect. */
  readonly connection?: string;
}

/** Figures of a burst, for one turn where nothing else is said. */
interface Burst {
  readonly turnsPerSecond: number;
  readonly walBytes: number;
  readonly walRecords: number;
  readonly workerMs: number;
  readonly postgresMs: number;
}

/** The chats whose turns are counted, how they come, and how many processes wait for them. */
interface Counted {
  readonly name: string;
  readonly processes: number;
  readonly chats: number;
  readonly together: number;
}

const COUNTED: readonly Counted[] = [
  { name: '1 process, chats one by one', processes: 1, chats: ONE_BY_ONE, together: 1 },
  { name: '1 process, a burst', processes: 1, chats: BURST, together: BURST },
  { name: '8 processes, a burst', processes: 8, chats: BURST, together: BURST },
];

interface Wal {
  readonly bytes: number;
  readonly records: number;
}

/** Adds chats at once. @returns the moment of the commit, and the log as it was then */
async function add(source: Source, pool: BenchDatabase['pool'], count: number): Promise<{ atMs: number; wal: Wal }> {
  const client = await pool.connect();
  await client.query(`SET chat_debug.events = 'off'`); // how the chats came is not what is counted
  const before = await inTransaction(client, async () => {
    await source.addMany(client, count);
    return { wal: await walOf(pool), atMs: clock.monotonicMs() };
  });
  client.release();
  return before;
}

async function walOf(pool: BenchDatabase['pool']): Promise<Wal> {
  const { rows } = await pool.query<Wal>(
    `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS bytes, wal_records::float8 AS records FROM pg_stat_wal`,
  );
  return rows[0] as Wal;
}

/** @returns when it was seen that nothing is left to do */
async function finished(source: Source, pool: BenchDatabase['pool']): Promise<number> {
  for (;;) {
    const { rows } = await pool.query<{ count: number }>(source.remaining);
    if (rows[0]?.count === 0) return clock.monotonicMs();
    await clock.sleep(20);
  }
}

/** Processor time of all sessions and helpers of the server, in milliseconds. */
async function postgresTimeMs(pool: BenchDatabase['pool']): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return rows.reduce((sum, { pid }) => sum + (processTimeMs(pid) || 0), 0);
}

/** Runs `work` while these processes wait for chats, on tables that hold nothing else. */
async function waiting<T>(
  processes: readonly TakerProcess[],
  source: Source,
  pool: BenchDatabase['pool'],
  databaseUrl: string,
  work: () => Promise<T>,
): Promise<T> {
  await pool.query('TRUNCATE chats, replicas CASCADE');
  await pool.query('VACUUM ANALYZE');
  await Promise.all(processes.map((process) => process.take({ taker: TAKER, databaseUrl, concurrency: CONCURRENCY })));
  await add(source, pool, WARM_UP * processes.length);
  await finished(source, pool);
  await clock.sleep(SETTLE_MS);
  const result = await work();
  await Promise.all(processes.map((process) => process.stop()));
  return result;
}

const urlOf = ({ connection }: Way, url: string) => (connection ? `${url}?${connection}` : url);

async function burst(way: Way, count: number, source: Source, database: BenchDatabase): Promise<Burst> {
  const { pool, url } = database;
  const processes = way.processes.slice(0, count);
  const workersMs = () => processes.reduce((sum, { pid }) => sum + processTimeMs(pid), 0);
  return waiting(processes, source, pool, urlOf(way, url), async () => {
    const [workersBeforeMs, postgresBeforeMs] = [workersMs(), await postgresTimeMs(pool)];
    const { atMs, wal } = await add(source, pool, BURST);
    const endMs = await finished(source, pool);
    await clock.sleep(SETTLE_MS);
    const walAfter = await walOf(pool);
    return {
      turnsPerSecond: (BURST * 1000) / (endMs - atMs),
      walBytes: (walAfter.bytes - wal.bytes) / BURST,
      walRecords: (walAfter.records - wal.records) / BURST,
      workerMs: (workersMs() - workersBeforeMs) / BURST,
      postgresMs: ((await postgresTimeMs(pool)) - postgresBeforeMs) / BURST,
    };
  });
}

/** Statements and transactions of one turn. */
async function count(way: Way, counted: Counted, source: Source, database: BenchDatabase): Promise<Counts> {
  const { pool, url } = database;
  const proxy = await startCountingProxy(url);
  const processes = way.processes.slice(0, counted.processes);
  try {
    return await waiting(processes, source, pool, urlOf(way, proxy.url), async () => {
      const before = proxy.counts();
      for (let done = 0; done < counted.chats; done += counted.together) {
        await add(source, pool, counted.together);
        await finished(source, pool);
        await clock.sleep(SETTLE_MS);
      }
      const { statements, transactions } = proxy.counts();
      return {
        statements: (statements - before.statements) / counted.chats,
        transactions: (transactions - before.transactions) / counted.chats,
      };
    });
  } finally {
    await proxy.close();
  }
}

/** How the first stands to the second, of each round, in the middle. */
const ratioOf = (first: readonly number[], second: readonly number[]) =>
  median(first.map((one, i) => one / (second[i] ?? Number.NaN)));

function printBursts(processes: number, results: ReadonlyMap<Way, readonly Burst[]>): void {
  const [ours] = results.values();
  const of = (bursts: readonly Burst[] | undefined, key: keyof Burst) => (bursts ?? []).map((each) => each[key]);
  const middle = (bursts: readonly Burst[], key: keyof Burst, digits = 0) => shown(median(of(bursts, key)), digits);
  printTable(
    `${BURST} chats at once for ${processes} of ${CONCURRENCY} at a time; medians of ${ROUNDS} rounds.`,
    [
      ...['way', 'turns a second', 'ours against it', 'WAL, bytes a turn', 'ours against it', 'WAL records a turn'],
      ...['workers, processor ms a turn', 'Postgres, processor ms a turn'],
    ],
    [...results].map(([way, bursts]) => [
      ...[way.name, middle(bursts, 'turnsPerSecond')],
      `${shown(ratioOf(of(ours, 'turnsPerSecond'), of(bursts, 'turnsPerSecond')), 2)} ×`,
      ...[middle(bursts, 'walBytes'), `${shown(ratioOf(of(ours, 'walBytes'), of(bursts, 'walBytes')), 2)} ×`],
      ...[middle(bursts, 'walRecords', 1), middle(bursts, 'workerMs', 2), middle(bursts, 'postgresMs', 2)],
    ]),
  );
}

const checkouts = EARLIER.flatMap((commit) => checkOut(commit) ?? []);
try {
  await withDatabase(async (database) => {
    const source = await takers.get(TAKER)?.prepare(database);
    if (!source) throw new Error(`There is no taker ${TAKER}`);
    const many = Math.max(...PROCESSES);
    const start = async (name: string, url?: string): Promise<Way> => ({
      name,
      processes: await Promise.all(Array.from({ length: many }, () => startTakerProcess(url))),
    });
    const ours = await start('ours');
    const withoutEvents = { ...ours, name: 'ours, without events', connection: WITHOUT_EVENTS };
    const ways = [ours, withoutEvents];
    for (const { name, url } of checkouts) ways.push(await start(name, url));

    const counts = new Map<Counted, Counts[]>();
    for (const counted of COUNTED) {
      const ofWays: Counts[] = [];
      for (const way of ways) ofWays.push(await count(way, counted, source, database));
      counts.set(counted, ofWays);
    }
    printTable(
      'Statements and transactions of one turn, by the answers of Postgres',
      ['chats', ...ways.flatMap(({ name }) => [`${name}: statements`, 'transactions'])],
      [...counts].map(([{ name }, ofWays]) => [
        name,
        ...ofWays.flatMap(({ statements, transactions }) => [shown(statements, 1), shown(transactions, 1)]),
      ]),
    );

    const bursts = new Map(PROCESSES.map((each) => [each, new Map(ways.map((way) => [way, [] as Burst[]]))]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [processes, results] of bursts) {
        for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
          results.get(way)?.push(await burst(way, processes, source, database));
        }
      }
    }
    for (const [processes, results] of bursts) printBursts(processes, results);
    const ended = new Set(ways.flatMap((way) => way.processes));
    await Promise.all([...[...ended].map((process) => process.end()), source.close()]);

    const alone = counts.get(COUNTED[0] as Counted)?.[0] as Counts;
    const ofWay = (way: Way | undefined, key: 'turnsPerSecond' | 'walBytes') =>
      (way ? (bursts.get(many)?.get(way) ?? []) : []).map((each) => each[key]);
    const against = (way: Way | undefined) => {
      const ratio = (key: 'turnsPerSecond' | 'walBytes') => ratioOf(ofWay(ours, key), ofWay(way, key));
      return { turns: ratio('turnsPerSecond'), wal: ratio('walBytes') };
    };
    const [earlier] = ways.slice(2);
    const [{ turns, wal }, unkept] = [against(earlier), against(withoutEvents)];
    tell([
      {
        ...{ question: `turns a second at ${many} workers, with events against without` },
        ...{ goal: `≥ ${GOALS.turnsWithEvents} ×`, figure: `${shown(unkept.turns, 2)} ×` },
        isMet: unkept.turns >= GOALS.turnsWithEvents,
      },
      {
        ...{ question: 'WAL of a turn, with events against without', goal: `≤ ${GOALS.walWithEvents} ×` },
        ...{ figure: `${shown(unkept.wal, 2)} ×`, isMet: unkept.wal <= GOALS.walWithEvents },
      },
      {
        ...{ question: 'statements of a turn', goal: `≤ ${GOALS.statements}` },
        ...{ figure: shown(alone.statements, 1), isMet: alone.statements <= GOALS.statements },
      },
      {
        ...{ question: 'transactions of a turn', goal: `≤ ${GOALS.transactions}` },
        ...{ figure: shown(alone.transactions, 1), isMet: alone.transactions <= GOALS.transactions },
      },
      ...(earlier
        ? [
            {
              ...{ question: `WAL of a turn against ${EARLIER[0]}`, goal: `≤ ${GOALS.wal} ×` },
              ...{ figure: `${shown(wal, 2)} ×`, isMet: wal <= GOALS.wal },
            },
            {
              ...{ question: `turns a second at ${many} workers against ${EARLIER[0]}`, goal: `≥ ${GOALS.turns} ×` },
              ...{ figure: `${shown(turns, 2)} ×`, isMet: turns >= GOALS.turns },
            },
          ]
        : []),
    ]);
  });
} finally {
  for (const checkout of checkouts) checkout.remove();
}
