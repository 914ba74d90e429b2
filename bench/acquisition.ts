/**
 * How fast do 1, 3 and 8 processes take work out of one Postgres?
 * The chat worker takes chats; graphile-worker and pg-boss take jobs. In each round they run one after the other on the
 * same database.
 * First comes a burst, committed at once while all are idle; then single pieces at a steady pace.
 */
import { systemClock as clock } from '../common/clock.ts';
import { inTransaction } from './support/chats.ts';
import { installPeers } from './support/peers.ts';
import { type BenchDatabase, withDatabase } from './support/postgres.ts';
import { median, percentile } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';
import { takers } from './takers/all.ts';
import type { Source } from './takers/taker.ts';
import { startTakerProcess, type TakerProcess } from './takers/takerProcess.ts';

const ROUNDS = 3;
const PROCESSES = [1, 3, 8];
const CONCURRENCY = 50;
const BURST = 300;
const SINGLE = 60;
const SINGLE_EVERY_MS = 25;
const WARM_UP = 20;

interface Result {
  readonly takenPerSecond: number;
  readonly finishedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly addMs: number;
}

const nowMs = () => performance.timeOrigin + clock.monotonicMs();

/** One taker with the given processes, from its start to its end. */
async function measure(
  taker: string,
  source: Source,
  processes: readonly TakerProcess[],
  { url, pool }: BenchDatabase,
): Promise<Result> {
  await pool.query('TRUNCATE chats CASCADE');
  await pool.query('VACUUM ANALYZE');
  await Promise.all(processes.map((process) => process.take({ taker, databaseUrl: url, concurrency: CONCURRENCY })));
  await addBurst(source, pool, WARM_UP);
  await finished(source, pool);

  const sentAtMs = await addBurst(source, pool, BURST);
  const burstEndMs = await finished(source, pool);

  const added = new Map<string, { atMs: number; tookMs: number }>();
  const adding: Promise<void>[] = [];
  for (let count = 0; count < SINGLE; count += 1) {
    const atMs = nowMs();
    adding.push(source.add().then((id) => void added.set(id, { atMs, tookMs: nowMs() - atMs })));
    await clock.sleep(SINGLE_EVERY_MS);
  }
  await Promise.all(adding);
  await finished(source, pool);

  const notes = (await Promise.all(processes.map((process) => process.stop()))).flat();
  const burst = notes.filter(([id, takenAt]) => takenAt >= sentAtMs && !added.has(id)).map(([, takenAt]) => takenAt);
  const waits = notes.flatMap(([id, takenAt]) => takenAt - (added.get(id)?.atMs ?? Number.NaN)).filter(Number.isFinite);
  if (burst.length !== BURST || waits.length !== SINGLE) {
    throw new Error(`${taker} took ${burst.length} of ${BURST} and ${waits.length} of ${SINGLE}`);
  }
  return {
    takenPerSecond: (BURST * 1000) / (Math.max(...burst) - sentAtMs),
    finishedPerSecond: (BURST * 1000) / (burstEndMs - sentAtMs),
    p50Ms: median(waits),
    p99Ms: percentile(waits, 0.99),
    addMs: median([...added.values()].map(({ tookMs }) => tookMs)),
  };
}

/** @returns when the commit was sent */
async function addBurst(source: Source, pool: BenchDatabase['pool'], count: number): Promise<number> {
  const client = await pool.connect();
  const sentAtMs = await inTransaction(client, async () => {
    await source.addMany(client, count);
    return nowMs();
  });
  client.release();
  return sentAtMs;
}

/** @returns when it was seen that nothing is left to do */
async function finished(source: Source, pool: BenchDatabase['pool']): Promise<number> {
  for (;;) {
    const { rows } = await pool.query<{ count: number }>(source.remaining);
    if (rows[0]?.count === 0) return nowMs();
    await clock.sleep(20);
  }
}

installPeers();
await withDatabase(async (database) => {
  const processes = await Promise.all(Array.from({ length: Math.max(...PROCESSES) }, () => startTakerProcess()));
  const sources = new Map<string, Source>();
  for (const [name, taker] of takers) sources.set(name, await taker.prepare(database));
  const results = new Map<string, Result[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const count of PROCESSES) {
      for (const [name, source] of sources) {
        const result = await measure(name, source, processes.slice(0, count), database);
        const key = JSON.stringify([count, name]);
        results.set(key, [...(results.get(key) ?? []), result]);
      }
    }
  }
  await Promise.all([
    ...processes.map((process) => process.end()),
    ...[...sources.values()].map((each) => each.close()),
  ]);

  const rows = [...results].map(([key, rounds]) => {
    const [count, name] = JSON.parse(key) as [number, string];
    const middle = (field: keyof Result, digits = 0) => shown(median(rounds.map((result) => result[field])), digits);
    const burst = [middle('takenPerSecond'), middle('finishedPerSecond')];
    return [String(count), name, ...burst, middle('p50Ms', 1), middle('p99Ms', 1), middle('addMs', 1)];
  });
  printTable(
    `How fast is work taken? A burst of ${BURST}, then ${SINGLE} single pieces, one every ${SINGLE_EVERY_MS} ms; ` +
      `${CONCURRENCY} at once in each process; medians of ${ROUNDS} rounds.`,
    ['processes', 'taker', 'taken/s', 'finished/s', 'add → taken p50, ms', 'p99, ms', 'of it the add, ms'],
    rows,
  );
});
