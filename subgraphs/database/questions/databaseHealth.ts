import { Prisma } from '../../../prisma/generated/client.ts';
import { COLUMNS_READ } from '../columnsRead.ts';
import type { ChatsRelation } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { READ_ONLY_BY_DEFAULT } from './takesWrites.ts';

export interface DatabaseHealthRow {
  readonly canWrite: boolean;
  readonly isInRecovery: boolean;
  readonly connections: number;
  readonly maxConnections: number;
  readonly oldestTransactionSeconds: number | null;
  readonly lockWaits: number;
  readonly serverVersion: string;
  readonly isOurs: boolean;
  readonly missing: readonly string[];
}

/** Where each table's columns are read. */
export const columnsReadOf = (chats: ChatsRelation): Readonly<Record<string, readonly string[]>> => {
  const { chats: ofChats = [], ...others } = COLUMNS_READ;
  return { [chats]: ofChats, ...others };
};

/** Names of what is read and not there, each as `table` or `table.column`. */
export const missingParts = (chats: ChatsRelation): Prisma.Sql => Prisma.sql`
  ARRAY(
    SELECT DISTINCT CASE WHEN to_regclass(read.table_name) IS NULL THEN read.table_name
                         ELSE read.table_name || '.' || read.column_name END
    FROM jsonb_each(${JSON.stringify(columnsReadOf(chats))}::jsonb) AS tables (table_name, columns)
    CROSS JOIN LATERAL (
      SELECT tables.table_name, c.column_name FROM jsonb_array_elements_text(tables.columns) AS c (column_name)) AS read
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(read.table_name)
                      AND a.attname = read.column_name AND NOT a.attisdropped)
    ORDER BY 1)`;

/** Reads the catalog and the lists of sessions and locks, none of the tables: it answers while they are locked, too. */
export async function databaseHealth(tx: Transaction, { platform }: Moment): Promise<DatabaseHealthRow> {
  const [row] = await tx.$queryRaw<DatabaseHealthRow[]>(databaseHealthSql(platform.chats));
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  return row;
}

const databaseHealthSql = (chats: ChatsRelation) => Prisma.sql`
  SELECT NOT pg_is_in_recovery() AND NOT ${READ_ONLY_BY_DEFAULT} AS "canWrite", pg_is_in_recovery() AS "isInRecovery",
    (SELECT count(*)::int4 FROM pg_stat_activity AS s
     WHERE s.backend_type = 'client backend' OR s.backend_type IS NULL AND s.usesysid IS NOT NULL) AS connections,
    current_setting('max_connections')::int4 AS "maxConnections",
    CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN
      (SELECT max(greatest(0, extract(epoch FROM now() - t.began)))::float8 FROM (
         SELECT s.xact_start AS began FROM pg_stat_activity AS s WHERE s.datname = current_database()
           AND s.backend_type = 'client backend' AND s.pid <> pg_backend_pid() AND s.xact_start IS NOT NULL
         UNION ALL
         SELECT p.prepared FROM pg_prepared_xacts AS p WHERE p.database = current_database()) AS t)
    END AS "oldestTransactionSeconds",
    (SELECT count(DISTINCT l.pid)::int4 FROM pg_locks AS l JOIN pg_stat_activity AS s ON s.pid = l.pid
     WHERE NOT l.granted AND s.datname = current_database()) AS "lockWaits",
    current_setting('server_version') AS "serverVersion",
    EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = to_regclass('chats') AND t.tgname = 'chat_retry_state_changed')
      AND EXISTS (SELECT FROM pg_trigger AS t
                  WHERE t.tgrelid = to_regclass('chat_messages') AND t.tgname = 'chat_message_changed') AS "isOurs",
    ${missingParts(chats)} AS missing`;
