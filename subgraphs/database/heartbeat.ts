/** Leases as the schema shows them: the contents of a row, and the state of the lease that a chat names. */
import type { DatabaseContext } from './context.ts';
import type { Platform } from './platform.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { HeartbeatRow } from './questions/heartbeatRows.ts';
import { assertReadable } from './tables/sources.ts';
import { unreadable } from './unreadable.ts';

interface Lease extends Omit<HeartbeatRow, 'chatId'> {
  readonly isStale: boolean | null;
  readonly staleAfterSeconds: number;
}

/**
 * Judges a lease as the acquiring workers do. The database measured its age.
 * A row too far ahead of the clock is not fresh: it says nothing of its runner.
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

/** State of the lease of the runner that a chat names. Null: the row names no runner, or nothing is known of its lease. */
export async function heartbeatState(chat: ChatRow, { loaders, reading }: DatabaseContext) {
  if (chat.runnerId === null) return null;
  const { heartbeatsReadable, platform } = await reading.moment();
  assertReadable(platform.tables, 'chat_heartbeats');
  if (!heartbeatsReadable) return null;
  const rows = await loaders.heartbeats.load(chat.chatId);
  const row = rows.find(({ runnerId }) => runnerId === chat.runnerId);
  if (!row) return 'MISSING';
  const { isStale } = toHeartbeat(row, platform);
  return isStale === null ? null : isStale ? 'STALE' : 'FRESH';
}
