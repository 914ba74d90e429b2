/**
 * The lease of the runner that a chat names, judged as the field `isStale` judges it, for conditions on chats that are
 * not read. It is one look into an index for each chat; a join may read every lease.
 */
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import { inSeconds, isSayable, secondsAgo } from './questions/moments.ts';

const AT = Prisma.sql`h.heartbeat_at`;
const leaseOf = (what: Prisma.Sql) => Prisma.sql`
  (SELECT ${what} FROM chat_heartbeats AS h WHERE h.chat_id = c.id AND h.runner_id = c.runner_id)`;

/** True for a fresh lease; null: that runner has no lease, or its time is no moment. */
export function leaseIsFresh({ thresholds, isStaleAtThreshold }: Platform): Prisma.Sql {
  const isYoung = Prisma.sql`${AT} ${Prisma.raw(isStaleAtThreshold ? '>' : '>=')} ${secondsAgo(thresholds.staleAfterSeconds)}`;
  const isFresh = Prisma.sql`${isYoung} AND ${AT} <= ${inSeconds(thresholds.clockAheadSeconds)}`;
  return leaseOf(Prisma.sql`CASE WHEN ${isSayable(AT)} THEN ${isFresh} END`);
}

/** True if the runner that the chat names has no lease. */
export const LEASE_IS_MISSING = Prisma.sql`(${leaseOf(Prisma.sql`true`)} IS NULL)`;
