/** What the server says, and what this role may see of it. */

export interface ServerRow {
  readonly serverVersion: string;
  readonly isInRecovery: boolean;
  /** Whether the role sees since when others hold a lock. */
  readonly seesSessions: boolean;
  /** Rows of each table, as Postgres last estimated them; negative: it never has. */
  readonly estimatedRows: Readonly<Record<string, number>>;
  /** Whether the list of migrations of a Coder deployment can be read, or that of this project. */
  readonly hasCoder: boolean;
  readonly hasOwn: boolean;
}

/** One row; `$1`: the names of the tables. */
export const SERVER = `
  SELECT current_setting('server_version') AS "serverVersion", pg_is_in_recovery() AS "isInRecovery",
    pg_has_role('pg_read_all_stats', 'USAGE') AS "seesSessions",
    (SELECT COALESCE(jsonb_object_agg(c.relname, c.reltuples), '{}') FROM pg_class AS c
     WHERE c.oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)) AS "estimatedRows",
    COALESCE(has_column_privilege(to_regclass('schema_migrations'), 'version', 'SELECT'), false) AS "hasCoder",
    COALESCE(has_column_privilege(to_regclass('_prisma_migrations'), 'migration_name', 'SELECT')
      AND has_column_privilege(to_regclass('_prisma_migrations'), 'finished_at', 'SELECT'), false) AS "hasOwn"`;
