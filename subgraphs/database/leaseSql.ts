/**
 * The lease of the runner that a chat names, with the arithmetic of the field `isStale`, for conditions on chats that are
 * not read. One look into an index for each chat: a join may read every lease.
 */
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import { ageSeconds } from './questions/moments.ts';

const AT = Prisma.sql`h.heartbeat_at`;
const leaseOf = (what: Prisma.Sql) => Prisma.sql`
  (SELECT ${what} FROM chat_heartbeats AS h WHERE h.chat_id = c.id AND h.runner_id = c.runner_id)`;

/** Seconds; null: there is no lease of that runner, or its time cannot be said. */
const LEASE_AGE = leaseOf(ageSeconds(AT));

/** Null as its age is. */
export function leaseIsFresh({ thresholds, isStaleAtThreshold }: Platform): Prisma.Sql {
  const { staleAfterSeconds, clockAheadSeconds } = thresholds;
  return isStaleAtThreshold
    ? Prisma.sql`(${LEASE_AGE} >= -${clockAheadSeconds}::float8 AND ${LEASE_AGE} < ${staleAfterSeconds}::float8)`
    : Prisma.sql`(${LEASE_AGE} BETWEEN -${clockAheadSeconds}::float8 AND ${staleAfterSeconds}::float8)`;
}

/** Whether there is none of the runner that the chat names. */
export const LEASE_IS_MISSING = Prisma.sql`(${leaseOf(Prisma.sql`true`)} IS NULL)`;
