/**
 * Asks the database why it did not answer, over a short connection of its own: what went wrong may hold all others. It reads
 * the catalog and the list of locks, which every role may see, and none of the tables.
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
  /** Tables that sessions of this service wait to be let in to. */
  readonly waitsFor: readonly string[];
  /** Who holds those tables; of several the one whose transaction is oldest. Null: nobody waits, or it is no session. */
  readonly heldBy: TableHolder | null;
  /** What this service reads and cannot. */
  readonly lacks: readonly Lack[];
  /** Indexes that questions go along and that nothing there stands in for. */
  readonly lackingIndexes: readonly WantedIndex[];
  /** Whose tables they are now. Undefined: it was not looked. */
  readonly platform: PlatformRead | undefined;
}

/** A session that others wait for and that waits for none. Not for everybody to know. */
export interface TableHolder {
  readonly applicationName: string;
  /** Null, as the seconds: the role of this service may not see it. */
  readonly state: string | null;
  /** Since its transaction began, by the database's clock. */
  readonly transactionSeconds: number | null;
}

/** Undefined: it does not answer that either. */
export type Inquire = () => Promise<Findings | undefined>;

/** How many sessions may wait for each other, one behind another, before nobody is named. */
const LONGEST_CHAIN = 5;

/** Reads locks alone, and waits for none. A session that waits itself, as a change of the schema may, is not the holder. */
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
  /** For all of it. */
  readonly limitMs: number;
  /** Whose tables those are. @throws GraphQLError where they are not those that are set */
  readonly judge: (found: FoundTables) => PlatformRead;
}

/** Those that overlap share one. */
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

/** The settings end with the transaction, so that a pooler in between is not confused. */
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
