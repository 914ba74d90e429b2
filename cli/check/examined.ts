/** What a database says of itself, read in one transaction that can write nothing. No table of chats is entered. */
import pg from 'pg';
import type { Prisma } from '../../prisma/generated/client.ts';
import { FIND_TABLES, type FoundTables, foundIn } from '../../subgraphs/database/tables/found.ts';
import { FIND_INDEXES, indexesIn } from '../../subgraphs/database/tables/indexesFound.ts';
import type { FoundIndexes } from '../../subgraphs/database/wantedIndexes.ts';

export interface Examined {
  readonly tables: FoundTables;
  /** Undefined: somebody locks a table, and describing an index enters it. */
  readonly indexes: FoundIndexes | undefined;
  readonly serverVersion: string;
  readonly isInRecovery: boolean;
  /** Whether the role sees since when others hold a lock. */
  readonly seesSessions: boolean;
  /** Rows of each table, as Postgres last estimated them; negative: it never has. */
  readonly estimatedRows: Readonly<Record<string, number>>;
  /** The newest migration of a Coder deployment. Undefined: there is none, or it may not be read. */
  readonly coderMigration: string | undefined;
  /** The newest migration of this project. Undefined as well. */
  readonly ownMigration: string | undefined;
}

const SERVER = `
  SELECT current_setting('server_version') AS "serverVersion", pg_is_in_recovery() AS "isInRecovery",
    pg_has_role('pg_read_all_stats', 'USAGE') AS "seesSessions",
    (SELECT COALESCE(jsonb_object_agg(c.relname, c.reltuples), '{}') FROM pg_class AS c
     WHERE c.oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)) AS "estimatedRows",
    COALESCE(has_column_privilege(to_regclass('schema_migrations'), 'version', 'SELECT'), false) AS "hasCoder",
    COALESCE(has_column_privilege(to_regclass('_prisma_migrations'), 'migration_name', 'SELECT')
      AND has_column_privilege(to_regclass('_prisma_migrations'), 'finished_at', 'SELECT'), false) AS "hasOwn"`;

interface ServerRow {
  readonly serverVersion: string;
  readonly isInRecovery: boolean;
  readonly seesSessions: boolean;
  readonly estimatedRows: Readonly<Record<string, number>>;
  readonly hasCoder: boolean;
  readonly hasOwn: boolean;
}

/** @throws what the driver does */
export async function examine(databaseUrl: string, timeoutMs: number): Promise<Examined> {
  const client = new pg.Client({
    ...{ connectionString: databaseUrl, application_name: 'npm run check' },
    ...{ connectionTimeoutMillis: timeoutMs, query_timeout: 2 * timeoutMs },
  });
  client.on('error', () => {}); // the question that waits fails by it
  try {
    await client.connect();
    await client.query('BEGIN READ ONLY');
    await client.query(`SELECT set_config('statement_timeout', $1, true)`, [String(timeoutMs)]);
    return await read(client);
  } finally {
    void client.end().catch(() => {}); // ends the transaction, too; nobody waits for its farewell
  }
}

async function read(client: pg.Client): Promise<Examined> {
  const tables = foundIn(await rowsOf(client, FIND_TABLES));
  const { rows } = await client.query<ServerRow>(SERVER, [Object.keys(tables)]);
  const [server] = rows;
  if (!server) throw new TypeError('SELECT without FROM gave no row');
  const { hasCoder, hasOwn, ...seen } = server;
  return {
    ...seen,
    tables,
    coderMigration: hasCoder
      ? await newest(client, 'SELECT max(version)::text AS name FROM schema_migrations')
      : undefined,
    ownMigration: hasOwn
      ? await newest(client, 'SELECT max(migration_name) AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL')
      : undefined,
    indexes: await indexesOf(client), // it may end the transaction
  };
}

const QUERY_CANCELED = '57014';

async function indexesOf(client: pg.Client): Promise<FoundIndexes | undefined> {
  try {
    return indexesIn(await rowsOf(client, FIND_INDEXES));
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === QUERY_CANCELED) return undefined;
    throw error;
  }
}

async function rowsOf(client: pg.Client, { text, values }: Prisma.Sql): Promise<unknown[]> {
  return (await client.query(text, [...values])).rows;
}

async function newest(client: pg.Client, sql: string): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string | null }>(sql);
  return rows[0]?.name ?? undefined;
}
