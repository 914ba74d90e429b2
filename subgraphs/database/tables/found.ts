/** Tables of a database that this service reads, and its rights on them. No table is entered. */
import * as z from 'zod';
import { Prisma } from '../../../prisma/generated/client.ts';
import { RELATIONS } from './described.ts';

const found = z.record(
  z.string(),
  z.object({
    /** Kind as in `pg_class.relkind`: `r` for a table, `v` for a view. */
    kind: z.string(),
    /**
     * True if policies of the table hide rows from this service, or may. A policy that lets all rows through does not.
     */
    hidesRows: z.boolean(),
    /** True if policies hide all rows. */
    hidesAll: z.boolean(),
    /** True if all columns may be read, and with them what Postgres itself keeps of a row. */
    isReadable: z.boolean(),
    columns: z.record(z.string(), z.object({ type: z.string(), isReadable: z.boolean() })),
  }),
);
/** Tables and views by name. A missing one has no entry. */
export type FoundTables = z.infer<typeof found>;

const whereabouts = z.object({
  /** Schemas that a table is looked for in, in their order. */
  path: z.string(),
  /** Tables and views that are in none of those schemas, and the schema they are in. */
  elsewhere: z.record(z.string(), z.object({ schema: z.string(), mayEnter: z.boolean() })),
});
/** Places of tables that are not found. */
export type Whereabouts = z.infer<typeof whereabouts>;

/** Policies of `t` that are applied before this role reads a row. */
const policies = (kind: Prisma.Sql) => Prisma.sql`
  SELECT FROM pg_policy AS p WHERE p.polrelid = t.oid AND p.polcmd IN ('r', '*') AND ${kind}
    AND EXISTS (SELECT FROM unnest(p.polroles) AS asked (role) WHERE asked.role = 0 OR pg_has_role(asked.role, 'USAGE'))`;
const LETS_ALL_THROUGH = Prisma.sql`pg_get_expr(p.polqual, p.polrelid) = 'true'`;

const WHEREABOUTS = Prisma.sql`
  jsonb_build_object('path', array_to_string(current_schemas(false), ', '), 'elsewhere', (
    SELECT COALESCE(jsonb_object_agg(e.name, jsonb_build_object('schema', e.schema, 'mayEnter', e.may_enter)), '{}')
    FROM (
      SELECT DISTINCT ON (wanted.name) wanted.name, n.nspname AS schema, has_schema_privilege(n.oid, 'USAGE') AS may_enter
      FROM unnest(${[...RELATIONS]}::text[]) AS wanted (name)
      JOIN pg_class AS c ON c.relname = wanted.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
      WHERE to_regclass(wanted.name) IS NULL ORDER BY wanted.name, n.nspname) AS e))`;

/** Statement with one row and the columns `found` and `whereabouts`. A domain counts as its base type. */
export const FIND_TABLES = Prisma.sql`
  SELECT COALESCE(jsonb_object_agg(t.name, jsonb_build_object(
    'kind', t.relkind, 'isReadable', has_table_privilege(t.oid, 'SELECT'),
    'hidesRows', row_security_active(t.oid) AND (
      NOT EXISTS (${policies(Prisma.sql`p.polpermissive AND ${LETS_ALL_THROUGH}`)})
      OR EXISTS (${policies(Prisma.sql`NOT p.polpermissive AND (${LETS_ALL_THROUGH}) IS NOT TRUE`)})),
    'hidesAll', row_security_active(t.oid) AND NOT EXISTS (${policies(Prisma.sql`p.polpermissive`)}),
    'columns', (
      SELECT COALESCE(jsonb_object_agg(a.attname, jsonb_build_object(
        'type', format_type(CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE a.atttypid END, NULL),
        'isReadable', has_column_privilege(t.oid, a.attnum, 'SELECT'))), '{}')
      FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
      WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped))), '{}') AS found, ${WHEREABOUTS} AS whereabouts
  FROM (
    SELECT wanted.name, c.oid, c.relkind FROM unnest(${[...RELATIONS]}::text[]) AS wanted (name)
    JOIN pg_class AS c ON c.oid = to_regclass(wanted.name)) AS t`;

/** Tables in the rows of that statement. */
export function foundIn(rows: readonly unknown[]): FoundTables {
  const [row] = z.tuple([z.object({ found })]).parse(rows);
  return row.found;
}

/** Places of the other tables, in the same rows. */
export function whereaboutsIn(rows: readonly unknown[]): Whereabouts {
  const [row] = z.tuple([z.object({ whereabouts })]).parse(rows);
  return row.whereabouts;
}

/**
 * Names of columns, by which platforms are told apart. Chats with hidden rows are read; other tables with hidden rows
 * are not.
 */
export const catalogOf = (
  tables: FoundTables,
): Map<string, { columns: string[]; readable: string[]; isView: boolean }> =>
  new Map(
    Object.entries(tables).map(([name, { kind, columns, hidesRows }]) => [
      name,
      {
        columns: Object.keys(columns),
        isView: kind === 'v' || kind === 'm',
        readable: Object.keys(columns).filter(
          (column) => columns[column]?.isReadable && !(hidesRows && name !== 'chats'),
        ),
      },
    ]),
  );
