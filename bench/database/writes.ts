/** Cost of the lists' indexes for writers: the same writes with and without them, on the same rows. */
import type { Pool } from 'pg';
import { inTransaction } from '../support/chats.ts';
import { median } from '../support/statistics.ts';
import { costOf } from './cost.ts';

const ROUNDS = 5;
const CHATS = 500;

/** The worker's statement for one step, and for the end of a turn and the start of the next. */
const STEP = `UPDATE chats SET snapshot_version = snapshot_version + 1, updated_at = now() WHERE id = $1`;
const END_OF_TURN = `UPDATE chats SET snapshot_version = snapshot_version + 1, updated_at = now(), status = 'waiting',
  worker_id = NULL, runner_id = NULL WHERE id = $1`;
const BEGIN_OF_TURN = `UPDATE chats SET snapshot_version = snapshot_version + 1, updated_at = now(), status = 'running',
  worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1`;

export interface WriteCost {
  /** Planning and execution. */
  readonly microseconds: number;
  /** Microseconds of these that a prepared statement spares. */
  readonly planningMicroseconds: number;
  readonly walBytes: number;
  readonly buffers: number;
}
type Writes = Readonly<Record<'step' | 'turn', WriteCost>>;

/** Both in each round, medians. Leaves the indexes as they were. @param names of the indexes in question, with their SQL */
export async function compareWrites(pool: Pool): Promise<{ without: Writes; with: Writes }> {
  const { rows } = await pool.query<{ name: string; sql: string }>(
    `SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'chats' AND indexname = ANY ($1)`,
    [['chats_odd_idx', 'chats_errored_idx', 'chats_archived_idx', 'chats_owned_idx', 'chats_owned_not_runnable_idx']],
  );
  const before: Writes[] = [];
  const now: Writes[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await pool.query(`DROP INDEX ${rows.map((row) => row.name).join(', ')}`);
    await pool.query('CREATE INDEX chats_worker_id_idx ON chats (worker_id)');
    before.push(await measure(pool));
    await pool.query('DROP INDEX chats_worker_id_idx');
    for (const { sql } of rows) await pool.query(sql);
    now.push(await measure(pool));
  }
  return { without: middle(before), with: middle(now) };
}

async function measure(pool: Pool): Promise<Writes> {
  await pool.query('VACUUM chats');
  await pool.query('CHECKPOINT');
  const { rows } = await pool.query<{ id: string; worker: string }>(
    `SELECT id, worker_id AS worker FROM chats WHERE status = 'running' AND worker_id IS NOT NULL LIMIT ${CHATS}`,
  );
  await each(pool, rows, [STEP]); // the first change of a page after a checkpoint logs all of it
  await each(pool, rows, [END_OF_TURN, BEGIN_OF_TURN]);
  const step = await cost(pool, () => each(pool, rows, [STEP]), rows.length);
  const turn = await cost(pool, () => each(pool, rows, [END_OF_TURN, BEGIN_OF_TURN]), rows.length);
  return { step, turn };
}

async function each(pool: Pool, rows: readonly { id: string; worker: string }[], statements: string[]): Promise<void> {
  const client = await pool.connect();
  try {
    for (const { id, worker } of rows) {
      await inTransaction(client, async () => {
        for (const sql of statements) await client.query(sql, sql.includes('$2') ? [id, worker] : [id]);
      });
    }
  } finally {
    client.release();
  }
}

async function cost(pool: Pool, work: () => Promise<void>, times: number): Promise<WriteCost> {
  const { ms, planningMs, walBytes, buffers } = await costOf(pool, '', work);
  const [microseconds, planningMicroseconds] = [(ms * 1000) / times, (planningMs * 1000) / times];
  return { microseconds, planningMicroseconds, walBytes: walBytes / times, buffers: buffers / times };
}

function middle(rounds: readonly Writes[]): Writes {
  const of = (kind: keyof Writes, field: keyof WriteCost) => median(rounds.map((round) => round[kind][field]));
  const all = (kind: keyof Writes) => ({
    microseconds: of(kind, 'microseconds'),
    planningMicroseconds: of(kind, 'planningMicroseconds'),
    walBytes: of(kind, 'walBytes'),
    buffers: of(kind, 'buffers'),
  });
  return { step: all('step'), turn: all('turn') };
}
