/** Tables with the names that this service reads, in all schemas. No table is entered. */
import { RELATIONS } from '../../subgraphs/database/tables/described.ts';

export interface TablePlace {
  readonly name: string;
  readonly schema: string;
  /** True if this table is read: the first in the search_path that the role may enter. */
  readonly isRead: boolean;
  /** True if the role may enter the schema. */
  readonly mayEnter: boolean;
}

/** Role and place of the search. */
export interface Where {
  readonly database: string;
  readonly role: string;
  /** Schemas in the order of the search, including those that the role may not enter. */
  readonly searchPath: readonly string[];
  readonly places: readonly TablePlace[];
}

export const PLACES_OF: readonly string[] = [...RELATIONS];

/** Statement with one row; `$1` are the names. */
export const WHERE = `
  SELECT current_database()::text AS database, current_user::text AS role, current_setting('search_path') AS "searchPath",
    (SELECT COALESCE(jsonb_agg(jsonb_build_object('name', c.relname, 'schema', n.nspname,
       'isRead', c.oid IS NOT DISTINCT FROM to_regclass(quote_ident(c.relname))::oid,
       'mayEnter', has_schema_privilege(n.oid, 'USAGE')) ORDER BY n.nspname, c.relname), '[]')
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_') AS places`;

export type WhereRow = Omit<Where, 'searchPath'> & { readonly searchPath: string };

export const whereIn = ({ searchPath, ...row }: WhereRow): Where => ({
  ...row,
  searchPath: searchPath
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    .map((name) => (name === '$user' ? row.role : name))
    .filter((name) => name !== ''),
});
