/**
 * Many keys in, same keys out: each kind of row is asked for once in an operation, whatever the number of chats, and not
 * at all when no field needs it.
 */
import DataLoader from 'dataloader';
import { type MessageStats, toMessageStats } from './messageStats.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { chatRows } from './questions/chatRows.ts';
import { type HeartbeatRow, heartbeatRows } from './questions/heartbeatRows.ts';
import { messageCounts } from './questions/messageCounts.ts';
import { ownedChats } from './questions/ownedChats.ts';
import { queueDepths } from './questions/queueDepths.ts';
import { type ReplicaRow, recentReplicaIds, replicaRowsById } from './questions/replicaRows.ts';
import type { Reading } from './reading.ts';

/** A replica whose row is older than this many times the stale threshold is not even asked by `everywhere`. */
const FORGOTTEN_AFTER_STALE_TIMES = 10;

export interface Loaders {
  readonly chats: DataLoader<string, ChatRow | undefined>;
  readonly queueDepths: DataLoader<string, number>;
  /** Newest first. */
  readonly heartbeats: DataLoader<string, readonly HeartbeatRow[]>;
  /** Null: counting took too long. */
  readonly messageStats: DataLoader<string, MessageStats | null>;
  readonly replicas: DataLoader<string, ReplicaRow | undefined>;
  readonly ownedChats: DataLoader<string, number>;
  /** Every replica that may be running, frozen ones too. */
  readonly recentReplicaIds: () => Promise<readonly string[]>;
}

/** For one operation. */
export function makeLoaders(reading: Reading, { staleAfterSeconds }: { staleAfterSeconds: number }): Loaders {
  let recent: Promise<string[]> | undefined;
  return {
    chats: new DataLoader(async (ids) => {
      const rows = await reading.ask('chatRows', (tx) => chatRows(tx, ids));
      return inPlace(ids, rows, (row) => row.chatId).map(([row]) => row);
    }),
    queueDepths: new DataLoader(async (ids) => {
      const rows = await reading.ask('queueDepths', (tx) => queueDepths(tx, ids));
      return inPlace(ids, rows, (row) => row.chatId).map(([row]) => row?.depth ?? 0);
    }),
    heartbeats: new DataLoader(async (ids) => {
      const rows = await reading.ask('heartbeatRows', async (tx, { heartbeatsReadable }) =>
        heartbeatsReadable ? heartbeatRows(tx, ids) : [],
      );
      return inPlace(ids, rows, (row) => row.chatId);
    }),
    messageStats: new DataLoader(async (ids) => {
      const rows = await reading.ask('messageCounts', (tx) => messageCounts(tx, ids, reading.halfOfTheTimeMs()));
      return rows ? inPlace(ids, rows, (row) => row.chatId).map(toMessageStats) : ids.map(() => null);
    }),
    replicas: new DataLoader(async (ids) => {
      const rows = await reading.ask('replicaRowsById', (tx) => replicaRowsById(tx, { ids, staleAfterSeconds }));
      return inPlace(ids, rows, (row) => row.id).map(([row]) => row);
    }),
    ownedChats: new DataLoader(async (ids) => {
      const rows = await reading.ask('ownedChats', (tx) => ownedChats(tx, ids));
      return inPlace(ids, rows, (row) => row.workerId).map(([row]) => row?.chats ?? 0);
    }),
    recentReplicaIds: () => {
      const seconds = FORGOTTEN_AFTER_STALE_TIMES * staleAfterSeconds;
      recent ??= reading.ask('recentReplicaIds', (tx) => recentReplicaIds(tx, seconds));
      return recent;
    },
  };
}

/** The rows of each key, in the order of the keys and, for one key, in the order they came. */
function inPlace<R>(keys: readonly string[], rows: readonly R[], keyOf: (row: R) => string): R[][] {
  const byKey = new Map<string, R[]>(keys.map((key) => [key, []]));
  for (const row of rows) byKey.get(keyOf(row))?.push(row);
  return keys.map((key) => byKey.get(key) ?? []);
}
