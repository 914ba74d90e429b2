/** Counting messages, beside a bare `count(*)` of the same rows. */
import type { Pool } from 'pg';
import { systemClock as clock } from '../../common/clock.ts';
import { inTransaction } from '../support/chats.ts';
import { median } from '../support/statistics.ts';
import { costOf } from './cost.ts';
import { SUBGRAPH_CONNECTIONS, type Subgraph } from './subgraph.ts';

const ROUNDS = 5;

/**
 * Inserts messages of four roles, one in seven deleted. The triggers would set versions that nobody asks for here.
 * @returns their chats
 */
export async function fillMessages(pool: Pool, chats: number, each: number): Promise<string[]> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO chats (owner_id, updated_at) SELECT gen_random_uuid(), now() - interval '9 years' FROM generate_series(1, $1)
       RETURNING id`,
      [chats],
    );
    const ids = rows.map((row) => row.id);
    await inTransaction(client, async () => {
      await client.query(`SET LOCAL session_replication_role = 'replica'`);
      await client.query(
        `INSERT INTO chat_messages (chat_id, role, deleted)
         SELECT id, (enum_range(NULL::chat_message_role))[1 + i % 4], i % 7 = 0
         FROM unnest($1::uuid[]) AS id, generate_series(1, $2) AS i`,
        [ids, each],
      );
    });
    await client.query('VACUUM ANALYZE chat_messages');
    return ids;
  } finally {
    client.release();
  }
}

interface Counting {
  readonly bareMs: number;
  readonly statsMs: number;
  /** Median of the rounds' own ratios. */
  readonly ratio: number;
  /** Statements that read the table. */
  readonly statements: number;
}

/** Compares both counts in turn in each round, by the server's own time of execution. */
export async function compareCounting(pool: Pool, subgraph: Subgraph, ids: readonly string[]): Promise<Counting> {
  const bare: number[] = [];
  const stats: number[] = [];
  let statements = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const bareMs = await bareCount(pool, ids);
    const cost = await costOf(pool, SUBGRAPH_CONNECTIONS, () => ask(subgraph, ids));
    const { rows } = await pool.query<{ calls: number; ms: number }>(COUNTING);
    statements = rows[0]?.calls ?? Number.NaN;
    if (round === 0 || cost.statements === 0) continue; // the first fills the caches
    bare.push(bareMs);
    stats.push(rows[0]?.ms ?? Number.NaN);
  }
  const ratio = median(stats.map((ms, i) => ms / (bare[i] ?? Number.NaN)));
  return { bareMs: median(bare), statsMs: median(stats), ratio, statements };
}

const COUNTING = `
  SELECT sum(calls)::float8 AS calls, sum(total_exec_time + total_plan_time)::float8 AS ms FROM pg_stat_statements
  WHERE query LIKE '%chat_messages%' AND query NOT LIKE '%pg_stat%'`;

async function ask(subgraph: Subgraph, ids: readonly string[]): Promise<void> {
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { messageStats { total } } } }`;
  const { chatDebugSnapshots } = await subgraph.ask(query, { ids });
  if (!Array.isArray(chatDebugSnapshots) || chatDebugSnapshots.length !== ids.length)
    throw new Error('chats are missing');
}

/**
 * Counts on one processor, as the other one does.
 * @returns milliseconds of planning and execution
 */
async function bareCount(pool: Pool, ids: readonly string[]): Promise<number> {
  const client = await pool.connect();
  try {
    return await inTransaction(client, async () => {
      await client.query(
        'SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off',
      );
      await client.query('SELECT pg_stat_statements_reset()');
      await client.query('SELECT count(*) FROM chat_messages WHERE chat_id = ANY ($1::uuid[])', [ids]);
      const { rows } = await client.query<{ ms: number }>(COUNTING);
      return rows[0]?.ms ?? Number.NaN;
    });
  } finally {
    client.release();
  }
}

/** Plan of the count, in Postgres' own words. */
export async function countingPlan(pool: Pool, sql: string, ids: readonly string[]): Promise<string[]> {
  const beganMs = clock.monotonicMs();
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) ${sql}`, [ids]);
  return [
    ...rows.map((row) => row['QUERY PLAN']),
    `(${Math.round(clock.monotonicMs() - beganMs)} ms with the explaining)`,
  ];
}
