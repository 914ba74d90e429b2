/** Contents of a lease row. Pure: the database measured its age. */
import type { Platform } from './platform.ts';
import type { HeartbeatRow } from './questions/heartbeatRows.ts';
import { unreadable } from './unreadable.ts';

interface Lease extends Omit<HeartbeatRow, 'chatId'> {
  readonly isStale: boolean | null;
  readonly staleAfterSeconds: number;
}

/**
 * Judges a lease as the acquiring workers do. A row too far ahead of the clock is not fresh: it says nothing of its
 * runner.
 */
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
