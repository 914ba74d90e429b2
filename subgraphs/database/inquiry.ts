/**
 * The inquiry: asks the database why it did not answer, over a short connection of its own. All others may be held up.
 * It reads the catalog and the list of locks, which every role may see, and none of the tables.
 */
import pg from 'pg';
import { sharedCall } from '../../common/sharedCall.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { SUBGRAPH_CONNECTIONS } from './client.ts';
import type { PlatformRead } from './tables/described.ts';
import { FIND_TABLES, type FoundTables, foundIn, whereaboutsIn } from './tables/found.ts';
import { FIND_INDEXES, indexesIn } from './tables/indexesFound.ts';
import { type Lack, lacksOf } from './tables/lacks.ts';
import { lackingIndexes, type WantedIndex } from './wantedIndexes.ts';

export interface Findings {
  /** Tables that sessions of this service wait to enter. */
  readonly waitsFor: readonly string[];
  /**
   * Session with the oldest transaction among the holders of those tables. Null: nobody waits, or the holder is no
   * session.
   */
  readonly heldBy: TableHolder | null;
  /** Tables and columns that this service reads and cannot. */
  readonly lacks: readonly Lack[];
  /** Indexes that questions use and that nothing in the database replaces. */
  readonly lackingIndexes: readonly WantedIndex[];
  /** Platform of the tables now; undefined: not looked at. */
  readonly platform: PlatformRead | undefined;
}

/** A session that others wait for and that waits for none. Not every caller may see it. */
export interface TableHolder {
  readonly applicationName: string;
  /** State of the session; null: the role of this service may not see it. */
  readonly state: string | null;
  /** Seconds since its transaction began, by the database's clock; null: may not be seen. */
  readonly transactionSeconds: number | null;
}

/** Runs an inquiry; undefined: the database does not answer that, either. */
export type Inquire = () => Promise<Findings | undefined>;

/** Sessions in a chain of waits, beyond which no holder is named. */
const LONGEST_CHAIN = 5;

/**
 * Statement that reads only locks, and waits for none. A session that waits itself, such as a schema change, is no
 * holder.
 */
const WAITS = Prisma.sql`
  WITH RECURSIVE waiting AS MATERIALIZED (
    SELECT l.pid, t.relname::text AS name FROM pg_locks AS l
    JOIN pg_class AS t ON t.oid = l.relation
    LEFT JOIN pg_stat_activity AS s ON s.pid = l.pid
    WHERE l.locktype = 'relation' AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
      AND NOT l.granted AND s.application_name = ${SUBGRAPH_CONNECTIONS}
  ), blocking (pid, depth) AS (
    SELECT b.pid, 1 FROM waiting AS w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid)
    UNION
    SELECT b.pid, k.depth + 1 FROM blocking AS k CROSS JOIN LATERAL unnest(pg_blocking_pids(k.pid)) AS b (pid)
    WHERE k.depth < ${LONGEST_CHAIN}
  )
  SELECT ARRAY(SELECT DISTINCT w.name FROM waiting AS w ORDER BY 1) AS "waitsFor", (
    SELECT jsonb_build_object('applicationName', s.application_name, 'state', s.state,
      'transactionSeconds', extract(epoch FROM now() - s.xact_start)::float8)
    FROM pg_stat_activity AS s WHERE s.pid IN (SELECT k.pid FROM blocking AS k) AND pg_blocking_pids(s.pid) = '{}'
    ORDER BY s.xact_start NULLS LAST, s.pid LIMIT 1) AS "heldBy"`;

interface InquiryOptions {
  readonly url: string;
  /** Milliseconds for the connection, and for each statement. */
  readonly limitMs: number;
  /**
   * Finds the platform of tables.
   * @throws GraphQLError if they are not those of the setting
   */
  readonly judge: (found: FoundTables) => PlatformRead;
}

/** Makes an inquiry; calls that overlap share one. */
export const makeInquiry = ({ url, limitMs, judge }: InquiryOptions): Inquire =>
  sharedCall(async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: `${SUBGRAPH_CONNECTIONS}-inquiry`,
      connectionTimeoutMillis: limitMs,
      query_timeout: limitMs,
    });
    client.on('error', () => {}); // the question fails by it
    try {
      await client.connect();
      return await ask(client, limitMs, judge);
    } catch {
      return undefined;
    } finally {
      void client.end().catch(() => {}); // nobody waits for its farewell
    }
  });

/** Asks within one transaction. The settings end with it, so that a pooler in between is not confused. */
async function ask(client: pg.Client, limitMs: number, judge: InquiryOptions['judge']): Promise<Findings> {
  await client.query('BEGIN READ ONLY');
  await client.query(`SELECT set_config('statement_timeout', $1, true)`, [String(limitMs)]);
  const nothing = { lacks: [], lackingIndexes: [], platform: undefined };
  const waits = await rowOf<Pick<Findings, 'waitsFor' | 'heldBy'>>(client, WAITS);
  if (waits.waitsFor.length > 0) return { ...nothing, ...waits };
  const row = await rowOf(client, FIND_TABLES);
  const found = foundIn([row]);
  const platform = judge(found);
  const indexes = indexesIn([await rowOf(client, FIND_INDEXES)]);
  return {
    ...waits,
    lacks: lacksOf(found, platform, whereaboutsIn([row])),
    lackingIndexes: lackingIndexes(indexes, platform.name),
    platform,
  };
}

async function rowOf<Row extends pg.QueryResultRow>(client: pg.Client, { text, values }: Prisma.Sql): Promise<Row> {
  const { rows } = await client.query<Row>(text, [...values]);
  const [row] = rows;
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  return row;
}
