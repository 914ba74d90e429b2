/** What a lease row says. Pure: its age was measured by the database. */
import type { Platform } from './platform.ts';
import type { HeartbeatRow } from './questions/heartbeatRows.ts';
import { unreadable } from './unreadable.ts';

interface Lease {
  readonly runnerId: string;
  /** Null: the stored value cannot be said, and nothing is known of the lease's age. */
  readonly heartbeatAt: Date | null;
  /** Negative for a row ahead of the database's clock. */
  readonly ageSeconds: number | null;
  readonly isStale: boolean | null;
  readonly staleAfterSeconds: number;
}

/** Compares as whoever acquires chats there. A row too far ahead of the clock says nothing of its runner, so it is not fresh. */
export function toHeartbeat(row: HeartbeatRow, { thresholds, isStaleAtThreshold }: Platform): Lease {
  const { runnerId, heartbeatAt, ageSeconds } = row;
  const { staleAfterSeconds, clockAheadSeconds } = thresholds;
  const isOld = (age: number) => (isStaleAtThreshold ? age >= staleAfterSeconds : age > staleAfterSeconds);
  const isStale = ageSeconds === null ? null : isOld(ageSeconds) || ageSeconds < -clockAheadSeconds;
  return { runnerId, heartbeatAt, ageSeconds, isStale, staleAfterSeconds };
}

export const Heartbeat = {
  heartbeatAt: async ({ heartbeatAt }: Lease) => {
    if (heartbeatAt === null) throw unreadable('heartbeatAt');
    return heartbeatAt;
  },
};
