import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';

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
