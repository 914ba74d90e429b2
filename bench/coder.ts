/**
 * How long do lists take on the indexes of a Coder deployment, among a million chats? What do the indexes named by `npm
 * run check` save?
 * Each filter runs once before them and once after, over HTTP; the figure is the median of a few rounds.
 */
import pg from 'pg';
import { systemClock as clock } from '../common/clock.ts';
import { FIND_INDEXES, indexesIn } from '../subgraphs/database/tables/indexesFound.ts';
import { lackingIndexes } from '../subgraphs/database/wantedIndexes.ts';
import { insertManyChats } from '../test/upstream/manyChats.ts';
import { createTables } from '../test/upstream/tables.ts';
import { startSubgraph } from './database/subgraph.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const CHATS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 3;
const STATES = ['W', 'E0', 'E1', 'R0', 'A0', 'XW', 'XE0', 'INVALID'];
const FILTERS = [
  ...['{}', '{ suspect: true }', '{ suspect: false }', '{ owned: true }', '{ owned: false }', '{ heartbeat: MISSING }'],
  ...STATES.map((state) => `{ executionState: [${state}] }`),
  ...['waiting', 'error', 'paused'].map((status) => `{ status: ["${status}"] }`),
];

async function timesOf(url: string): Promise<number[]> {
  const subgraph = await startSubgraph(url);
  const times: number[] = [];
  try {
    await subgraph.ask('{ chats(first: 1) { edges { cursor } } }');
    for (const filter of FILTERS) {
      const rounds: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const beganMs = clock.monotonicMs();
        await subgraph.ask(`{ chats(filter: ${filter}, first: 100) { edges { node { executionState } } } }`);
        rounds.push(clock.monotonicMs() - beganMs);
      }
      times.push(median(rounds));
    }
  } finally {
    await subgraph.stop();
  }
  return times;
}

await withDatabase(async ({ url, pool: admin }) => {
  await admin.query('CREATE DATABASE coder TEMPLATE template0');
  const place = new URL(url);
  place.pathname = '/coder';
  const pool = new pg.Pool({ connectionString: place.href });
  try {
    await createTables(pool, { hasLegacyStatuses: true });
    await insertManyChats(pool, { chats: CHATS, users: 10_000, owned: 15, paused: 20 });
    await pool.query('VACUUM ANALYZE');
    const before = await timesOf(place.href);
    const { rows } = await pool.query(FIND_INDEXES.text, [...FIND_INDEXES.values]);
    const lacking = lackingIndexes(indexesIn(rows), 'coder').filter(({ table }) => table === 'chats');
    for (const { table, keys } of lacking) await pool.query(`CREATE INDEX CONCURRENTLY ON ${table} ${keys}`);
    const after = await timesOf(place.href);
    printTable(
      `Lists among ${shown(CHATS)} chats; ${lacking.length} indexes were made`,
      ['filter', 'ms on its own indexes', 'ms with those made'],
      FILTERS.map((filter, i) => [`\`${filter}\``, shown(before[i] ?? Number.NaN), shown(after[i] ?? Number.NaN)]),
    );
  } finally {
    await pool.end();
  }
});
