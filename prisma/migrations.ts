/**
 * Migrations of `prisma/migrations`, applied as `prisma migrate deploy` would: same lock, table and checksums.
 * Prisma's own commands accept the result. Before any change it tells whose tables a database holds.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type pg from 'pg';
import { StartError } from '../server/startError.ts';

const folder = new URL('./migrations/', import.meta.url);
/** Advisory lock that Prisma's schema engine takes while it migrates. */
const PRISMA_LOCK = 72707369;
const OUR_TABLES = ['chats', 'chat_messages', 'chat_queued_messages', 'chat_heartbeats', 'replicas'];

/** A migration as it lies in its folder. */
export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Contents of a database.
 *
 * - `foreign`: tables with our names that our migrations did not make, or foreign migrations. `found` names them, for a
 * person.
 * - `ahead`: all our migrations, and those of a later version after them. They remove nothing that this version uses.
 */
export type SchemaState =
  | { kind: 'current' }
  | { kind: 'empty' }
  | { kind: 'behind'; pending: string[] }
  | { kind: 'ahead'; later: string[] }
  | { kind: 'foreign'; found: string };

/**
 * Error for a database that is not in the state that the caller needs. The message says what was found and what to do.
 */
export class SchemaStateError extends StartError {
  override name = 'SchemaStateError';
}

/** Reads the migrations of a folder, in their order. */
export async function readMigrations(from: URL = folder): Promise<Migration[]> {
  const entries = await readdir(from, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, from), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Inspects and changes nothing. Needs only the right to read. */
export async function inspectSchema(client: pg.ClientBase): Promise<SchemaState> {
  const tables = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY ($1)`,
    [[...OUR_TABLES, '_prisma_migrations']],
  );
  const names = tables.rows.map((row) => row.name).sort();
  if (names.length === 0) return { kind: 'empty' };
  if (!names.includes('_prisma_migrations')) {
    return { kind: 'foreign', found: `the tables ${names.join(', ')}, and no record of a migration` };
  }
  const applied = await readApplied(client);
  if (applied === undefined) return { kind: 'foreign', found: 'a table _prisma_migrations of another form' };
  return compare(await readMigrations(), applied);
}

/** A migration on record. */
export interface Applied {
  name: string;
  checksum: string;
  finished: boolean;
}

const UNDEFINED_COLUMN = '42703';

/** Migrations on record; undefined if the table has not the columns that Prisma gives it. */
async function readApplied(client: pg.ClientBase): Promise<Applied[] | undefined> {
  const named = client.query<Applied>(
    `SELECT migration_name::text AS name, checksum::text AS checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  const { rows } = await named.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === UNDEFINED_COLUMN) return { rows: undefined };
    throw error;
  });
  return rows;
}

/** Compares the migrations on record with those of this version. */
export function compare(ours: Migration[], applied: Applied[]): SchemaState {
  const known = new Map(ours.map((migration) => [migration.name, migration.checksum]));
  const last = ours.at(-1)?.name ?? '';
  const later = applied.filter(({ name }) => name > last && !known.has(name)).map(({ name }) => name);
  const strange = applied.filter(({ name, checksum }) => !later.includes(name) && known.get(name) !== checksum);
  if (strange.length > 0) {
    const list = strange.map((row) => (known.has(row.name) ? `${row.name} (changed since)` : row.name));
    return { kind: 'foreign', found: `migrations that are not this project's: ${list.join(', ')}` };
  }
  const broken = applied.find((row) => !row.finished);
  if (broken) return { kind: 'foreign', found: `the migration ${broken.name}, begun and never finished` };
  const done = new Set(applied.map((row) => row.name));
  const pending = ours.map((migration) => migration.name).filter((name) => !done.has(name));
  if (later.length > 0) {
    return pending.length > 0 ? { kind: 'foreign', found: laterFound(later) } : { kind: 'ahead', later: later.sort() };
  }
  return pending.length > 0 ? { kind: 'behind', pending } : { kind: 'current' };
}

const laterFound = (later: readonly string[]) =>
  `migrations of a later version (${later.join(', ')}), and not all of this one`;

/**
 * Checks a database before chats are written to it.
 * @throws SchemaStateError unless the tables are this project's own, of this version or a later one
 */
export async function assertOwnSchema(client: pg.ClientBase): Promise<void> {
  const state = await inspectSchema(client);
  switch (state.kind) {
    case 'current':
    case 'ahead':
      return;
    case 'empty':
      throw new SchemaStateError(
        'The database has none of the tables. Run `npm run migrate` with this DATABASE_URL first.',
      );
    case 'behind':
      throw new SchemaStateError(
        `The database lacks the migrations ${state.pending.join(', ')}. Run \`npm run migrate\` with this DATABASE_URL first.`,
      );
    case 'foreign':
      throw foreignError(state.found);
    default:
      return state satisfies never;
  }
}

const foreignError = (found: string) =>
  new SchemaStateError(
    `The database is not this project's own: found ${found}. Nothing was changed and no chat was taken. ` +
      'Use another DATABASE_URL; to only read this one, run `npm run start:database`.',
  );

/**
 * Brings an empty or an own database up to date. Several processes may do so at once.
 * @returns names of the migrations that were applied now
 * @throws SchemaStateError if the tables are not this project's own
 */
export async function applyMigrations(client: pg.ClientBase): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
  try {
    const state = await inspectSchema(client);
    if (state.kind === 'current' || state.kind === 'ahead') return [];
    if (state.kind === 'foreign') throw foreignError(state.found);
    const all = await readMigrations();
    const pending = state.kind === 'empty' ? all : all.filter((migration) => state.pending.includes(migration.name));
    await client.query(MIGRATIONS_TABLE);
    for (const migration of pending) await applyOne(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [PRISMA_LOCK]);
  }
}

/** Applies one migration and records it, in one transaction. */
async function applyOne(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;
