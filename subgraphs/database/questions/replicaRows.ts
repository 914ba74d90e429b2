/** Rows of the replica table. Times are compared as stored, and told where they are moments. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';
import { isSayable, sayable } from './moments.ts';

const MOST_REPLICAS = 1000;
/** Multiple of the stale threshold, beyond which `everywhere` does not ask a replica. */
const FORGOTTEN_AFTER_STALE_TIMES = 10;

/** Row of a replica. A stored time that is no moment is null, and `unreadable` names its field. */
export interface ReplicaRow {
  readonly id: string;
  readonly hostname: string;
  readonly relayAddress: string;
  readonly version: string;
  readonly regionId: number;
  readonly startedAt: Date | null;
  readonly stoppedAt: Date | null;
  readonly updatedAt: Date | null;
  readonly isAlive: boolean;
  /** Reported error; empty: none. */
  readonly error: string;
  readonly unreadable: readonly ReplicaMoment[];
}

const MOMENTS = {
  startedAt: Prisma.sql`r.started_at`,
  stoppedAt: Prisma.sql`r.stopped_at`,
  updatedAt: Prisma.sql`r.updated_at`,
};
type ReplicaMoment = keyof typeof MOMENTS;
export const REPLICA_MOMENTS = Object.keys(MOMENTS) as ReplicaMoment[];

const UNREADABLE = Prisma.join(
  REPLICA_MOMENTS.map(
    (name) => Prisma.sql`CASE WHEN NOT ${isSayable(MOMENTS[name])} THEN ${Prisma.raw(`'${name}'`)} END`,
  ),
);

/** True if the row of `replicas AS r` is at most `seconds` old. */
const isYoung = (seconds: number) => Prisma.sql`r.updated_at >= now() - make_interval(secs => ${seconds}::float8)`;

/** True for a running replica; null where a view does not know when its row was renewed. */
const isAlive = ({ replicaStaleAfterSeconds }: Platform) =>
  Prisma.sql`r.stopped_at IS NULL AND ${isYoung(replicaStaleAfterSeconds)}`;

/** Condition for replicas. Rows of other servers, such as proxies, are none. */
export const isReplica = ({ hasOtherServers }: Platform): Prisma.Sql =>
  hasOtherServers ? Prisma.sql`r."primary"` : Prisma.sql`true`;

/** Columns of replicas. A view may not know all of them, and may have numbers of another type. */
const columns = (platform: Platform) => Prisma.sql`
  r.id, COALESCE(r.hostname, '') AS hostname, COALESCE(r.relay_address, '') AS "relayAddress",
  COALESCE(r.version, '') AS version, COALESCE(r.error, '') AS error,
  CASE WHEN r.region_id BETWEEN -2147483648 AND 2147483647 THEN r.region_id::int4 ELSE 0 END AS "regionId",
  ${sayable(MOMENTS.startedAt)} AS "startedAt", ${sayable(MOMENTS.stoppedAt)} AS "stoppedAt",
  ${sayable(MOMENTS.updatedAt)} AS "updatedAt",
  (${isAlive(platform)}) IS TRUE AS "isAlive",
  array_remove(ARRAY[${UNREADABLE}], NULL) AS unreadable`;

/**
 * Reads replicas, newest start first.
 * @param alive true: only live ones; false: only the others; undefined: all
 */
export function replicaRows(
  tx: Transaction,
  { alive, platform }: { alive: boolean | undefined; platform: Platform },
): Promise<ReplicaRow[]> {
  const living = isAlive(platform);
  const wanted = alive === undefined ? Prisma.sql`true` : alive ? living : Prisma.sql`(${living}) IS NOT TRUE`;
  return tx.$queryRaw`
    SELECT ${columns(platform)} FROM replicas AS r WHERE ${wanted} AND r.id IS NOT NULL AND ${isReplica(platform)}
    ORDER BY r.started_at DESC, r.id DESC LIMIT ${MOST_REPLICAS}`;
}

/** Reads the rows of these replicas, in any order. A missing replica has no row. */
export const replicaRowsById = (
  tx: Transaction,
  { ids, platform }: { ids: readonly string[]; platform: Platform },
): Promise<ReplicaRow[]> =>
  tx.$queryRaw`
    SELECT ${columns(platform)} FROM replicas AS r WHERE r.id = ANY(${ids}::uuid[]) AND ${isReplica(platform)}`;

/** Reads the ids of replicas that have not stopped and whose row is not too old to be asked. */
export async function recentReplicaIds(tx: Transaction, platform: Platform): Promise<string[]> {
  const seconds = FORGOTTEN_AFTER_STALE_TIMES * platform.replicaStaleAfterSeconds;
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT r.id FROM replicas AS r WHERE r.id IS NOT NULL AND r.stopped_at IS NULL AND ${isYoung(seconds)} AND ${isReplica(platform)}`;
  return rows.map((row) => row.id);
}

/** True if the row of a running replica was renewed in time. One ahead of the clock was not. */
export const renewedInTime = ({ replicaStaleAfterSeconds, thresholds }: Platform): Prisma.Sql => Prisma.sql`
  (r.updated_at >= now() - make_interval(secs => ${replicaStaleAfterSeconds}::float8)
   AND r.updated_at <= now() + make_interval(secs => ${thresholds.clockAheadSeconds}::float8))`;

/** Reads the ids of at most `most` live replicas, the one started last first. */
export async function liveReplicaIds(tx: Transaction, platform: Platform, most: number): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT r.id FROM replicas AS r WHERE r.stopped_at IS NULL AND ${renewedInTime(platform)}
    ORDER BY r.started_at DESC, r.id DESC LIMIT ${most}`;
  return rows.map(({ id }) => id);
}
