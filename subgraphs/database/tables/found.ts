/** What a database has of the tables that this service reads, and which of it this service may read. Enters no table. */
import { z } from 'zod';
import { Prisma } from '../../../prisma/generated/client.ts';
import { RELATIONS } from './described.ts';

const found = z.record(
  z.string(),
  z.object({
    /** As `pg_class.relkind` has it: `r` for a table, `v` for a view. */
    kind: z.string(),
    /** Whether policies of the table hide rows from this service. */
    hidesRows: z.boolean(),
    /** Whether all columns may be read, and with them what Postgres itself keeps of a row. */
    isReadable: z.boolean(),
    columns: z.record(z.string(), z.object({ type: z.string(), isReadable: z.boolean() })),
  }),
);
/** By the name of the table or view; one that is not there is left out. */
export type FoundTables = z.infer<typeof found>;

/** One row with the column `found`. The type of a domain is the one that it is made of. */
export const FIND_TABLES = Prisma.sql`
  SELECT COALESCE(jsonb_object_agg(t.name, jsonb_build_object(
    'kind', t.relkind, 'hidesRows', row_security_active(t.oid), 'isReadable', has_table_privilege(t.oid, 'SELECT'),
    'columns', (
      SELECT COALESCE(jsonb_object_agg(a.attname, jsonb_build_object(
        'type', format_type(CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE a.atttypid END, NULL),
        'isReadable', has_column_privilege(t.oid, a.attnum, 'SELECT'))), '{}')
      FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
      WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped))), '{}') AS found
  FROM (
    SELECT wanted.name, c.oid, c.relkind FROM unnest(${[...RELATIONS]}::text[]) AS wanted (name)
    JOIN pg_class AS c ON c.oid = to_regclass(wanted.name)) AS t`;

/** The tables in the rows of that statement. */
export function foundIn(rows: readonly unknown[]): FoundTables {
  const [row] = z.tuple([z.object({ found })]).parse(rows);
  return row.found;
}

/** The names of columns alone, by which platforms are told apart. */
export const catalogOf = (tables: FoundTables): Map<string, { columns: string[]; readable: string[] }> =>
  new Map(
    Object.entries(tables).map(([name, { columns }]) => [
      name,
      {
        columns: Object.keys(columns),
        readable: Object.keys(columns).filter((column) => columns[column]?.isReadable),
      },
    ]),
  );
