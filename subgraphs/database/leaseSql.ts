/**
 * The lease of the runner that a chat names, for conditions on chats that are not read.
 * The arithmetic is that of the field `isStale`. It is one look into an index for each chat; a join may read every
 * lease.
 */
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import { ageSeconds } from './questions/moments.ts';

const AT = Prisma.sql`h.heartbeat_at`;
const leaseOf = (what: Prisma.Sql) => Prisma.sql`
  (SELECT ${what} FROM chat_heartbeats AS h WHERE h.chat_id = c.id AND h.runner_id = c.runner_id)`;

/** Age in seconds; null: that runner has no lease, or its time is no moment. */
const LEASE_AGE = leaseOf(ageSeconds(AT));

/** True for a fresh lease; null if its age is. */
export function leaseIsFresh({ thresholds, isStaleAtThreshold }: Platform): Prisma.Sql {
  const { staleAfterSeconds, clockAheadSeconds } = thresholds;
  return isStaleAtThreshold
    ? Prisma.sql`(${LEASE_AGE} >= -${clockAheadSeconds}::float8 AND ${LEASE_AGE} < ${staleAfterSeconds}::float8)`
    : Prisma.sql`(${LEASE_AGE} BETWEEN -${clockAheadSeconds}::float8 AND ${staleAfterSeconds}::float8)`;
}

/** True if the runner that the chat names has no lease. */
export const LEASE_IS_MISSING = Prisma.sql`(${leaseOf(Prisma.sql`true`)} IS NULL)`;
