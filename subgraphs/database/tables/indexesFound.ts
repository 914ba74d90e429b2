/** Indexes of a database on the tables that this service reads. Describing one enters its table. */
import * as z from 'zod';
import { Prisma } from '../../../prisma/generated/client.ts';
import type { FoundIndexes } from '../wantedIndexes.ts';
import { TABLE_NAMES, type TableName } from './described.ts';

const found = z.record(z.string(), z.array(z.string()));

/** Statement with one row and the column `indexes`: only valid ones. A view has none and is left out. */
export const findIndexes = (tables: readonly TableName[]): Prisma.Sql => Prisma.sql`
  SELECT COALESCE(jsonb_object_agg(t.name, ARRAY(
    SELECT split_part(pg_get_indexdef(i.indexrelid), ' USING btree ', 2) FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam
    WHERE i.indrelid = t.oid AND i.indisvalid AND m.amname = 'btree'
    ORDER BY x.relname)), '{}') AS indexes
  FROM (
    SELECT wanted.name, c.oid FROM unnest(${[...tables]}::text[]) AS wanted (name)
    JOIN pg_class AS c ON c.oid = to_regclass(wanted.name) AND c.relkind IN ('r', 'p', 'm')) AS t`;

/** Statement for the indexes of all tables. It waits while any of them is locked. */
export const FIND_INDEXES = findIndexes(TABLE_NAMES);

/** Indexes in the rows of that statement. */
export function indexesIn(rows: readonly unknown[]): FoundIndexes {
  const [row] = z.tuple([z.object({ indexes: found })]).parse(rows);
  return row.indexes;
}
