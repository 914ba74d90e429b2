/**
 * What does it cost to renew the leases of 10, 100 and 2,000 runners once? The time is the caller's.
 * Statements and buffers are the server's own count (pg_stat_statements). WAL is what the whole server wrote meanwhile.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { systemClock as clock } from '../common/clock.ts';
import { type LeaseKey, renewLeases } from '../subgraphs/runtime/chatd/heartbeats.ts';
import { insertChats, inTransaction } from './support/chats.ts';
import { withDatabase } from './support/postgres.ts';
import { median, percentile } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = 3;
const RUNNERS = [10, 100, 2_000];
const RENEWALS = 40;

/** Cost of one renewal. */
interface Cost {
  readonly ms: number;
  readonly p99Ms: number;
  readonly statements: number;
  readonly buffers: number;
  readonly dirtied: number;
  readonly walBytes: number;
}

async function measure(pool: Pool, runners: number): Promise<Cost> {
  const workerId = randomUUID();
  const leases = await ownedChats(pool, workerId, runners);
  await renewLeases(pool, workerId, leases);
  await pool.query('VACUUM ANALYZE');
  await pool.query('CHECKPOINT');
  const times: number[] = [];
  const walBefore = await walPosition(pool);
  await pool.query('SELECT pg_stat_statements_reset()');
  for (let count = 0; count < RENEWALS; count += 1) {
    const beganMs = clock.monotonicMs();
    const { renewed } = await renewLeases(pool, workerId, leases);
    times.push(clock.monotonicMs() - beganMs);
    if (renewed.size !== runners) throw new Error(`${renewed.size} of ${runners} leases were renewed`);
  }
  const { rows } = await pool.query<Record<'calls' | 'buffers' | 'dirtied', number>>(
    `SELECT sum(calls)::float8 AS calls, sum(shared_blks_hit + shared_blks_read)::float8 AS buffers,
       sum(shared_blks_dirtied)::float8 AS dirtied FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`,
  );
  const walBytes = (await walPosition(pool)) - walBefore;
  const { calls = 0, buffers = 0, dirtied = 0 } = rows[0] ?? {};
  return {
    ...{ ms: median(times), p99Ms: percentile(times, 0.99), statements: calls / RENEWALS },
    ...{ buffers: buffers / RENEWALS, dirtied: dirtied / RENEWALS, walBytes: walBytes / RENEWALS },
  };
}

async function ownedChats(pool: Pool, workerId: string, count: number): Promise<LeaseKey[]> {
  await pool.query('TRUNCATE chats CASCADE');
  const client = await pool.connect();
  await inTransaction(client, () => insertChats(client, count, 'hello'));
  client.release();
  const { rows } = await pool.query<LeaseKey>(
    `UPDATE chats SET worker_id = $1, runner_id = gen_random_uuid() RETURNING id AS "chatId", runner_id AS "runnerId"`,
    [workerId],
  );
  return rows;
}

/** Bytes since the server was made. */
async function walPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`,
  );
  return rows[0]?.bytes ?? Number.NaN;
}

await withDatabase(
  async ({ pool }) => {
    await pool.query('CREATE EXTENSION pg_stat_statements');
    const results = RUNNERS.map((runners) => ({ runners, rounds: [] as Cost[] }));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { runners, rounds } of results) rounds.push(await measure(pool, runners));
    }
    printTable(
      `What does one renewal of all leases cost? Medians of ${ROUNDS} rounds of ${RENEWALS} renewals.`,
      ['runners', 'ms', 'p99, ms', 'statements', 'buffers', 'of them dirtied', 'WAL bytes'],
      results.map(({ runners, rounds }) => {
        const middle = (field: keyof Cost, digits = 0) => shown(median(rounds.map((cost) => cost[field])), digits);
        const times = [middle('ms', 1), middle('p99Ms', 1)];
        return [
          shown(runners),
          ...times,
          middle('statements'),
          middle('buffers'),
          middle('dirtied'),
          middle('walBytes'),
        ];
      }),
    );
  },
  { shared_preload_libraries: 'pg_stat_statements' },
);
