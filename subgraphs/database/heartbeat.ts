/** What a lease row says. Pure: its age was measured by the database. */
import type { HeartbeatRow } from './questions/heartbeatRows.ts';

export interface Heartbeat {
  readonly runnerId: string;
  readonly heartbeatAt: Date;
  /** Not below 0: a row that looks as if it came from the future is as fresh as can be. */
  readonly ageSeconds: number;
  readonly isStale: boolean;
  readonly staleAfterSeconds: number;
}

/** Exactly as old as the threshold is still fresh; whoever acquires chats compares the same way. */
export function toHeartbeat(row: HeartbeatRow, staleAfterSeconds: number): Heartbeat {
  const ageSeconds = Math.max(0, row.ageSeconds);
  const { runnerId, heartbeatAt } = row;
  return { runnerId, heartbeatAt, ageSeconds, isStale: ageSeconds > staleAfterSeconds, staleAfterSeconds };
}
