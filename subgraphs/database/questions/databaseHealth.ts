import { Prisma } from '../../../prisma/generated/client.ts';
import { FIND_TABLES, foundIn } from '../tables/found.ts';
import { type Lack, lacksOf, nameOf } from '../tables/lacks.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { DISABLED_TRIGGERS, IS_OURS } from './disabledTriggers.ts';
import { REPLAY_LAG } from './replayLag.ts';
import { READ_ONLY_BY_DEFAULT } from './takesWrites.ts';

export interface DatabaseHealthRow {
  readonly canWrite: boolean;
  readonly isInRecovery: boolean;
  /** Age in seconds of what a standby shows, at most; null: no standby, or nothing was replayed yet. */
  readonly replayLagSeconds: number | null;
  readonly connections: number;
  readonly maxConnections: number;
  readonly oldestTransactionSeconds: number | null;
  readonly lockWaits: number;
  readonly serverVersion: string;
  readonly isOurs: boolean;
  /** Names of triggers that are off; null: the tables are not this project's. */
  readonly disabledTriggers: readonly string[] | null;
  /** Names of missing tables and columns. */
  readonly missing: readonly string[];
  /** Names of tables and columns that this service may not or cannot read. */
  readonly notReadable: readonly string[];
  readonly notAnswered: readonly NotAnswered[];
}

interface NotAnswered {
  readonly name: string;
  readonly reason: Lack['why'];
  readonly isRequired: boolean;
  readonly costs: readonly string[];
}

/** Reads the catalog and the lists of sessions and locks, but none of the tables. It answers while they are locked. */
export async function databaseHealth(tx: Transaction, { platform }: Moment): Promise<DatabaseHealthRow> {
  const [row] = await tx.$queryRaw<ServerRow[]>(databaseHealthSql);
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  const lacks = lacksOf(foundIn(await tx.$queryRaw<unknown[]>(FIND_TABLES)), platform);
  const names = (some: readonly Lack[]) => some.map(nameOf).sort();
  return {
    ...row,
    missing: names(lacks.filter(({ why }) => why === 'MISSING')),
    notReadable: names(lacks.filter(({ why }) => why !== 'MISSING')),
    notAnswered: lacks.map((lack) => ({ ...lack, name: nameOf(lack), reason: lack.why })),
  };
}

type ServerRow = Omit<DatabaseHealthRow, 'missing' | 'notReadable' | 'notAnswered'>;

const databaseHealthSql = Prisma.sql`
  SELECT NOT pg_is_in_recovery() AND NOT ${READ_ONLY_BY_DEFAULT} AS "canWrite", pg_is_in_recovery() AS "isInRecovery",
    ${REPLAY_LAG} AS "replayLagSeconds",
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
    ${IS_OURS} AS "isOurs", ${DISABLED_TRIGGERS} AS "disabledTriggers"`;
