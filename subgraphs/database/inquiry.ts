/**
 * Asks the database why it did not answer, over a short connection of its own: what went wrong may hold all others. It reads
 * the catalog and the list of locks, which every role may see, and none of the tables.
 */
import pg from 'pg';
import { sharedCall } from '../../common/sharedCall.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { SUBGRAPH_CONNECTIONS } from './client.ts';
import type { ChatsRelation } from './platform.ts';
import { missingParts } from './questions/databaseHealth.ts';
import { WANTED_INDEXES } from './wantedIndexes.ts';

export interface Findings {
  /** Tables that sessions of this service wait to be let in to. */
  readonly waitsFor: readonly string[];
  /** What this service reads and is not there, each as `table` or `table.column`. */
  readonly missing: readonly string[];
  /** Indexes that questions go along and that are not there, each as its table and its keys. */
  readonly lackingIndexes: readonly { readonly table: string; readonly keys: string }[];
}

/** Undefined: it does not answer that either. */
export type Inquire = () => Promise<Findings | undefined>;

/** Reads locks alone, and waits for none. */
const WAITS = Prisma.sql`
  SELECT ARRAY(
    SELECT DISTINCT t.relname::text FROM pg_locks AS l
    JOIN pg_class AS t ON t.oid = l.relation
    JOIN pg_stat_activity AS s ON s.pid = l.pid
    WHERE l.locktype = 'relation' AND NOT l.granted AND s.datname = current_database()
      AND s.application_name = ${SUBGRAPH_CONNECTIONS}
    ORDER BY 1) AS "waitsFor"`;

/** Describing an index enters its table, which nobody may be waiting for. */
const lacks = (chats: ChatsRelation) => Prisma.sql`
  SELECT ${missingParts(chats)} AS missing, ARRAY(
    SELECT jsonb_build_object('table', w.name, 'keys', k.keys)
    FROM jsonb_each(${JSON.stringify(WANTED_INDEXES)}::jsonb) AS w (name, keys)
    CROSS JOIN LATERAL jsonb_array_elements_text(w.keys) WITH ORDINALITY AS k (keys, place)
    WHERE to_regclass(w.name) IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_index AS i WHERE i.indrelid = to_regclass(w.name) AND i.indisvalid
        AND split_part(pg_get_indexdef(i.indexrelid), ' USING btree ', 2) = k.keys)
    ORDER BY w.name, k.place) AS "lackingIndexes"`;

interface InquiryOptions {
  readonly url: string;
  /** For all of it. */
  readonly limitMs: number;
  /** Where chats are read, as far as it is known. */
  readonly chats: () => ChatsRelation;
}

/** Those that overlap share one. */
export const makeInquiry = ({ url, limitMs, chats }: InquiryOptions): Inquire =>
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
      return await ask(client, limitMs, chats());
    } catch {
      return undefined;
    } finally {
      void client.end().catch(() => {}); // nobody waits for its farewell
    }
  });

/** The settings end with the transaction, so that a pooler in between is not confused. */
async function ask(client: pg.Client, limitMs: number, chats: ChatsRelation): Promise<Findings> {
  await client.query('BEGIN READ ONLY');
  await client.query(`SELECT set_config('statement_timeout', $1, true)`, [String(limitMs)]);
  const nothing = { missing: [], lackingIndexes: [] };
  const waits = await rowOf<Pick<Findings, 'waitsFor'>>(client, WAITS);
  if (waits.waitsFor.length > 0) return { ...nothing, ...waits };
  return { ...waits, ...(await rowOf<Omit<Findings, 'waitsFor'>>(client, lacks(chats))) };
}

async function rowOf<Row extends pg.QueryResultRow>(client: pg.Client, { text, values }: Prisma.Sql): Promise<Row> {
  const { rows } = await client.query<Row>(text, [...values]);
  const [row] = rows;
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  return row;
}
