/**
 * A database's description of itself, read in one transaction that cannot write. Leases are counted, and rows of views are
 * looked at for what nobody can use. No row is told.
 */
import { GraphQLError } from 'graphql';
import pg from 'pg';
import type { Prisma } from '../../prisma/generated/client.ts';
import { type Capacity, type Platform, type PlatformSettings, platformOf } from '../../subgraphs/database/platform.ts';
import { coderVersionsSql } from '../../subgraphs/database/questions/coderVersions.ts';
import { takenSlotsSql } from '../../subgraphs/database/questions/pools.ts';
import {
  catalogOf,
  FIND_TABLES,
  type FoundTables,
  foundIn,
  type Whereabouts,
  whereaboutsIn,
} from '../../subgraphs/database/tables/found.ts';
import { FIND_INDEXES, indexesIn } from '../../subgraphs/database/tables/indexesFound.ts';
import { onTables, tablesOf } from '../../subgraphs/database/tables/sources.ts';
import type { FoundIndexes } from '../../subgraphs/database/wantedIndexes.ts';
import { PLACES_OF, WHERE, type Where, type WhereRow, whereIn } from './places.ts';
import { SERVER, type ServerRow } from './server.ts';
import { viewsOfInvoker, wrongInViews } from './views.ts';

export interface Examined extends Omit<ServerRow, 'hasCoder' | 'hasOwn'> {
  readonly tables: FoundTables;
  readonly where: Where;
  /** Platform, by the rules of the database subgraph. */
  readonly platform: Platform;
  /** True if a setting names the platform. */
  readonly isPlatformSet: boolean;
  /** True if the tables are a Coder deployment's by setting or by sight. */
  readonly isCoder: boolean;
  /** Slots taken; undefined: none are shared, or they cannot be counted. */
  readonly slots: Capacity | undefined;
  /** Indexes; undefined while somebody locks a table, because describing an index enters it. */
  readonly indexes: FoundIndexes | undefined;
  /** Sentences on views that fail, or that show what nobody can use. */
  readonly ofViews: readonly string[];
  /** Views that show what the role that asks may see. */
  readonly ofInvoker: readonly string[];
  /** Newest migration of a Coder deployment; undefined: there is none, or it may not be read. */
  readonly coderMigration: string | undefined;
  /** Newest migration of this project; undefined: there is none, or it may not be read. */
  readonly ownMigration: string | undefined;
}

/**
 * @throws the driver's errors
 * @throws GraphQLError `SCHEMA_UNSUPPORTED` if the tables are not those of the platform that is set
 */
export async function examine(databaseUrl: string, timeoutMs: number, settings: PlatformSettings): Promise<Examined> {
  const client = new pg.Client({
    ...{ connectionString: databaseUrl, application_name: 'npm run check' },
    ...{ connectionTimeoutMillis: timeoutMs, query_timeout: 2 * timeoutMs },
  });
  client.on('error', () => {}); // the question that waits fails by it
  try {
    await client.connect();
    await client.query('BEGIN READ ONLY');
    await client.query(`SELECT set_config('statement_timeout', $1, true)`, [String(timeoutMs)]);
    return await read(client, timeoutMs, settings);
  } finally {
    void client.end().catch(() => {}); // ends the transaction, too; nobody waits for its farewell
  }
}

async function read(client: pg.Client, timeoutMs: number, settings: PlatformSettings): Promise<Examined> {
  const found = await rowsOf(client, FIND_TABLES);
  const tables = foundIn(found);
  const { hasCoder, hasOwn, ...server } = await onlyRow<ServerRow>(client, SERVER, [Object.keys(tables)]);
  const platform = await platformIn(client, { tables, whereabouts: whereaboutsIn(found) }, settings);
  return {
    ...{ ...server, tables, platform, isCoder: platform.name === 'coder' },
    isPlatformSet: (settings.platform ?? 'auto') !== 'auto',
    where: whereIn(await onlyRow<WhereRow>(client, WHERE, [PLACES_OF])),
    slots: server.isInRecovery ? undefined : await slotsIn(client, platform),
    ofViews: platform.name === 'views' ? await wrongInViews(client, tables, timeoutMs) : [],
    ofInvoker: platform.name === 'views' ? await viewsOfInvoker(client) : [],
    coderMigration: hasCoder
      ? await newest(client, 'SELECT max(version)::text AS name FROM schema_migrations')
      : undefined,
    ownMigration: hasOwn
      ? await newest(client, 'SELECT max(migration_name) AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL')
      : undefined,
    indexes: await unlessLocked(client, async () => indexesIn(await rowsOf(client, FIND_INDEXES))),
  };
}

async function platformIn(
  client: pg.Client,
  { tables, whereabouts }: { tables: FoundTables; whereabouts: Whereabouts },
  settings: PlatformSettings,
): Promise<Platform> {
  const catalog = catalogOf(tables);
  const statement = coderVersionsSql(platformOf(catalog, settings), tables);
  const rows = statement && (await unlessLocked(client, () => rowsOf<{ version: string }>(client, statement)));
  const platform = platformOf(
    catalog,
    settings,
    rows?.map(({ version }) => version),
  );
  return { ...platform, tables: tablesOf(tables, platform, whereabouts) };
}

const slotsIn = async (client: pg.Client, platform: Platform): Promise<Capacity | undefined> =>
  platform.capacity &&
  (await unlessLocked(client, async () => {
    const [taken] = await rowsOf<Capacity>(client, onTables(platform.tables, 'pools', takenSlotsSql(platform)));
    return taken;
  }));

const LOCK_MS = 500;

/** Runs `work`; undefined if a table that it enters is locked or may not be read. */
async function unlessLocked<T>(client: pg.Client, work: () => Promise<T>): Promise<T | undefined> {
  await client.query('SAVEPOINT before_question');
  try {
    await client.query(`SELECT set_config('lock_timeout', $1, true)`, [String(LOCK_MS)]);
    return await work();
  } catch (error) {
    if (error instanceof GraphQLError || (error instanceof pg.DatabaseError && error.code !== undefined))
      return undefined;
    throw error;
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT before_question').catch(() => {}); // the connection may be gone: its question says so
  }
}

async function rowsOf<Row extends pg.QueryResultRow>(client: pg.Client, { text, values }: Prisma.Sql): Promise<Row[]> {
  return (await client.query<Row>(text, [...values])).rows;
}

async function onlyRow<Row extends pg.QueryResultRow>(client: pg.Client, sql: string, values: unknown[]): Promise<Row> {
  const { rows } = await client.query<Row>(sql, values);
  if (!rows[0]) throw new TypeError('SELECT without FROM gave no row');
  return rows[0];
}

async function newest(client: pg.Client, sql: string): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string | null }>(sql);
  return rows[0]?.name ?? undefined;
}
