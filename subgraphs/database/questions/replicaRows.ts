/** What is read of the replica table. Times are compared as they are stored, and told where they can be said. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { isSayable, sayable } from './moments.ts';

const MOST_REPLICAS = 1000;

/** A stored moment that cannot be said is null, and its field's name is in `unreadable`. */
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
  /** Empty: nothing. */
  readonly error: string;
  readonly unreadable: readonly ReplicaMoment[];
}

const MOMENTS = {
  startedAt: Prisma.sql`r.started_at`,
  stoppedAt: Prisma.sql`r.stopped_at`,
  updatedAt: Prisma.sql`r.updated_at`,
};
export type ReplicaMoment = keyof typeof MOMENTS;
export const REPLICA_MOMENTS = Object.keys(MOMENTS) as ReplicaMoment[];

const UNREADABLE = Prisma.join(
  REPLICA_MOMENTS.map(
    (name) => Prisma.sql`CASE WHEN NOT ${isSayable(MOMENTS[name])} THEN ${Prisma.raw(`'${name}'`)} END`,
  ),
);

/** Whether the row of `replicas AS r` is at most so old. */
const isYoung = (seconds: number) => Prisma.sql`r.updated_at >= now() - make_interval(secs => ${seconds}::float8)`;

const columns = (staleAfterSeconds: number) => Prisma.sql`
  r.id, r.hostname, r.relay_address AS "relayAddress", r.version, r.region_id AS "regionId", r.error,
  ${sayable(MOMENTS.startedAt)} AS "startedAt", ${sayable(MOMENTS.stoppedAt)} AS "stoppedAt",
  ${sayable(MOMENTS.updatedAt)} AS "updatedAt",
  (r.stopped_at IS NULL AND ${isYoung(staleAfterSeconds)}) AS "isAlive",
  array_remove(ARRAY[${UNREADABLE}], NULL) AS unreadable`;

/** Newest start first. `alive`: only those alive, only the others, or (undefined) all. */
export function replicaRows(
  tx: Transaction,
  { alive, staleAfterSeconds }: { alive: boolean | undefined; staleAfterSeconds: number },
): Promise<ReplicaRow[]> {
  const living = Prisma.sql`r.stopped_at IS NULL AND ${isYoung(staleAfterSeconds)}`;
  const wanted = alive === undefined ? Prisma.sql`true` : alive ? living : Prisma.sql`NOT (${living})`;
  return tx.$queryRaw`
    SELECT ${columns(staleAfterSeconds)} FROM replicas AS r WHERE ${wanted}
    ORDER BY r.started_at DESC, r.id DESC LIMIT ${MOST_REPLICAS}`;
}

/** Those of these replicas that are there, in any order. */
export const replicaRowsById = (
  tx: Transaction,
  { ids, staleAfterSeconds }: { ids: readonly string[]; staleAfterSeconds: number },
): Promise<ReplicaRow[]> =>
  tx.$queryRaw`SELECT ${columns(staleAfterSeconds)} FROM replicas AS r WHERE r.id = ANY(${ids}::uuid[])`;

/** Ids of the replicas that have not stopped and whose row is not older than `seconds`. */
export async function recentReplicaIds(tx: Transaction, seconds: number): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT r.id FROM replicas AS r WHERE r.stopped_at IS NULL AND ${isYoung(seconds)}`;
  return rows.map((row) => row.id);
}
