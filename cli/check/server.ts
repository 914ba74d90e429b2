/** The server's description of itself, and what this role may see. */
import { DISABLED_TRIGGERS } from '../../subgraphs/database/questions/disabledTriggers.ts';

export interface ServerRow {
  readonly serverVersion: string;
  readonly isInRecovery: boolean;
  /** True if the role sees since when others hold a lock. */
  readonly seesSessions: boolean;
  /** Rows of each table by Postgres' last estimate; negative: there is none yet. */
  readonly estimatedRows: Readonly<Record<string, number>>;
  /** True if the list of migrations can be read, a Coder deployment's or this project's. */
  readonly hasCoder: boolean;
  readonly hasOwn: boolean;
  /** Names of triggers that are off; null: the tables are not this project's. */
  readonly disabledTriggers: readonly string[] | null;
}

/** Statement with one row; `$1` are the names of the tables. */
export const SERVER = `
  SELECT current_setting('server_version') AS "serverVersion", pg_is_in_recovery() AS "isInRecovery",
    pg_has_role('pg_read_all_stats', 'USAGE') AS "seesSessions",
    (SELECT COALESCE(jsonb_object_agg(c.relname, c.reltuples), '{}') FROM pg_class AS c
     WHERE c.oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)) AS "estimatedRows",
    COALESCE(has_column_privilege(to_regclass('schema_migrations'), 'version', 'SELECT'), false) AS "hasCoder",
    COALESCE(has_column_privilege(to_regclass('_prisma_migrations'), 'migration_name', 'SELECT')
      AND has_column_privilege(to_regclass('_prisma_migrations'), 'finished_at', 'SELECT'), false) AS "hasOwn",
    ${DISABLED_TRIGGERS.sql} AS "disabledTriggers"`;
