/** What a lease row says. Pure: its age was measured by the database. */
import type { HeartbeatRow } from './questions/heartbeatRows.ts';
import { unreadable } from './unreadable.ts';

export interface Lease {
  readonly runnerId: string;
  /** Null: the stored value cannot be said, and nothing is known of the lease's age. */
  readonly heartbeatAt: Date | null;
  /** Negative for a row ahead of the database's clock. */
  readonly ageSeconds: number | null;
  readonly isStale: boolean | null;
  readonly staleAfterSeconds: number;
}

export interface LeaseLimits {
  readonly staleAfterSeconds: number;
  /** A row further ahead of the clock than this says nothing of its runner, so it is not fresh. */
  readonly clockAheadSeconds: number;
}

/** Exactly as old as the threshold is still fresh; whoever acquires chats compares the same way. */
export function toHeartbeat(row: HeartbeatRow, { staleAfterSeconds, clockAheadSeconds }: LeaseLimits): Lease {
  const { runnerId, heartbeatAt, ageSeconds } = row;
  const isStale = ageSeconds === null ? null : ageSeconds > staleAfterSeconds || ageSeconds < -clockAheadSeconds;
  return { runnerId, heartbeatAt, ageSeconds, isStale, staleAfterSeconds };
}

export const Heartbeat = {
  heartbeatAt: async ({ heartbeatAt }: Lease) => {
    if (heartbeatAt === null) throw unreadable('heartbeatAt');
    return heartbeatAt;
  },
};
