/** The ages of rows, kept as they were written while the clock goes on. */
import type pg from 'pg';

/** Columns with a moment. Not every variant has each. */
const MOMENTS: Readonly<Record<string, readonly string[]>> = {
  chats: ['created_at', 'updated_at', 'requires_action_deadline_at', 'compaction_requested_at'],
  chat_queued_messages: ['created_at', 'editing_since'],
  chat_messages: ['created_at'],
  chat_heartbeats: ['heartbeat_at'],
  replicas: ['created_at', 'started_at', 'stopped_at', 'updated_at'],
  chat_debug_runs: ['started_at', 'updated_at', 'finished_at'],
  chat_debug_steps: ['started_at', 'updated_at', 'finished_at'],
};

export class Ages {
  readonly #pool: pg.Pool;
  #since: Date | undefined;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Keeps the ages as they are from now on. */
  async begin(): Promise<void> {
    this.#since = await this.#now();
  }

  /** Makes every row as old again as it was when `begin` was called. */
  async restore(): Promise<void> {
    if (!this.#since) throw new Error('There is nothing to restore before `begin`');
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ name: string; column: string }>(
        `SELECT c.relname AS name, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped`,
      );
      const passed = 'now() - $1::timestamptz';
      for (const [table, columns] of Object.entries(MOMENTS)) {
        const there = columns.filter((column) => rows.some((row) => row.name === table && row.column === column));
        if (there.length === 0) continue;
        const moves = there.map((column) => `${column} = ${column} + (${passed})`);
        await client.query(`UPDATE ${table} SET ${moves.join(', ')}`, [this.#since]);
      }
      const withRetries = rows.find(({ column }) => column === 'retry_state')?.name;
      if (withRetries) {
        await client.query(
          `UPDATE ${withRetries} SET retry_state = jsonb_set(retry_state, '{retrying_at}',
             to_jsonb((retry_state ->> 'retrying_at')::timestamptz + (${passed}))) WHERE retry_state ? 'retrying_at'`,
          [this.#since],
        );
      }
      const { rows: now } = await client.query<{ now: Date }>('SELECT now()');
      await client.query('COMMIT');
      this.#since = now[0]?.now;
    } finally {
      client.release();
    }
  }

  async #now(): Promise<Date> {
    const { rows } = await this.#pool.query<{ now: Date }>('SELECT now()');
    if (!rows[0]) throw new Error('The database has no clock');
    return rows[0].now;
  }
}
