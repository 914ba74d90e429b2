/** State of the lease of the runner that a chat names. */
import type { DatabaseContext } from './context.ts';
import { toHeartbeat } from './heartbeat.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { assertReadable } from './tables/sources.ts';

/** Null: the row names no runner, or nothing is known of its lease. */
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
