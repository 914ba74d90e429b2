/**
 * Migrations of `prisma/recorder`: the tables of incidents. They are apart from those of the chats, so that a database
 * without chats of ours can hold them. A database that holds somebody else's chats never gets them.
 */
import type pg from 'pg';
import {
  type Applied,
  compare,
  inspectSchema,
  type Migration,
  readMigrations,
  type SchemaState,
  SchemaStateError,
} from './migrations.ts';

const folder = new URL('./recorder/', import.meta.url);
/** Advisory lock of whoever makes these tables. */
const LOCK = 72707370;

/** Inspects and changes nothing. */
async function inspectRecorder(client: pg.ClientBase, ours: Migration[]): Promise<SchemaState> {
  const { rows } = await client.query<{ found: string | null }>(
    `SELECT to_regclass('chat_debug_recorder.migrations')::text AS found`,
  );
  if (!rows[0]?.found) return { kind: 'empty' };
  const applied = await client.query<Applied>(
    'SELECT name, checksum, true AS finished FROM chat_debug_recorder.migrations',
  );
  return compare(ours, applied.rows);
}

/**
 * Brings the tables of incidents up to date, in a database without chats or with this project's own. Several processes
 * may do so at once.
 * @returns names of the migrations that were applied now
 * @throws SchemaStateError if the database is somebody else's, or its tables of incidents are
 */
export async function applyRecorderMigrations(client: pg.ClientBase): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  try {
    const chats = await inspectSchema(client);
    if (chats.kind === 'foreign') throw foreignError(chats.found);
    const ours = await readMigrations(folder);
    const state = await inspectRecorder(client, ours);
    if (state.kind === 'current' || state.kind === 'ahead') return [];
    if (state.kind === 'foreign') throw foreignError(state.found);
    const pending = state.kind === 'empty' ? ours : ours.filter(({ name }) => state.pending.includes(name));
    for (const migration of pending) await applyOne(client, migration);
    return pending.map(({ name }) => name);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
  }
}

const foreignError = (found: string) =>
  new SchemaStateError(
    `The database is not this project's own: found ${found}. No table of incidents was made. ` +
      'Set RECORDER_DATABASE_URL to a database that may hold them.',
  );

/** Applies one migration and records it, in one transaction. */
async function applyOne(client: pg.ClientBase, { name, checksum, sql }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(RECORD);
    await client.query('INSERT INTO chat_debug_recorder.migrations (name, checksum) VALUES ($1, $2)', [name, checksum]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

const RECORD = `
  CREATE TABLE IF NOT EXISTS chat_debug_recorder.migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`;
