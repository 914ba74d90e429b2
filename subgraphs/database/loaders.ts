/**
 * Loaders: many keys in, same keys out. Each kind of row is read once in an operation, and only if a field needs it.
 */
import DataLoader from 'dataloader';
import { type EventLoaders, eventLoaders } from './eventLoaders.ts';
import { type ChildrenLoader, makeChildrenLoader } from './familyLoader.ts';
import { type HistoryLoaders, historyLoaders } from './historyLoaders.ts';
import { inPlace } from './inPlace.ts';
import { makeMembers } from './members.ts';
import type { OwnQuestion } from './ownQuestion.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { chatRows, ownedChats } from './questions/chatRows.ts';
import { type DatabaseHealthRow, databaseHealth } from './questions/databaseHealth.ts';
import { type HeartbeatRow, heartbeatRows } from './questions/heartbeatRows.ts';
import { hasKinds, type MessageStats, messageCounts, toMessageStats } from './questions/messageCounts.ts';
import { queueAges, queueDepths } from './questions/queues.ts';
import { type ReplicaRow, recentReplicaIds, replicaRowsById } from './questions/replicaRows.ts';
import { type TroubleLoaders, troubleLoaders } from './troubleLoaders.ts';
import { MESSAGE_INDEXES } from './wantedIndexes.ts';

export interface Loaders extends HistoryLoaders, EventLoaders, TroubleLoaders {
  readonly chats: DataLoader<string, ChatRow | undefined>;
  readonly queueDepths: DataLoader<string, number>;
  /** Seconds since the oldest queued message; null: the queue is empty, or its times are no moments. */
  readonly queueAges: DataLoader<string, number | null>;
  readonly children: ChildrenLoader;
  /** Leases, newest first. */
  readonly heartbeats: DataLoader<string, readonly HeartbeatRow[]>;
  /** Leases that were asked for, by chat. */
  readonly leases: Map<string, Promise<readonly HeartbeatRow[]>>;
  /** True if the leases of the chat were asked for, and could not be read. */
  readonly couldNotReadLeases: (chatId: string) => Promise<boolean>;
  /** Message statistics; rejected if counting took too long. */
  readonly messageStats: OwnQuestion<string, MessageStats>;
  readonly replicas: DataLoader<string, ReplicaRow | undefined>;
  readonly ownedChats: DataLoader<string, number>;
  /** Ids of replicas that may be running, frozen ones included. */
  readonly recentReplicaIds: () => Promise<readonly string[]>;
  readonly databaseHealth: () => Promise<DatabaseHealthRow>;
}

/** Makes the loaders of one operation. */
export const makeLoaders = makeMembers<Loaders>({
  ...historyLoaders,
  ...eventLoaders,
  ...troubleLoaders,
  chats: ({ reading }) =>
    new DataLoader(async (ids) => {
      const rows = await reading.ask('chatRows', (tx, moment) => chatRows(tx, moment, ids));
      return inPlace(ids, rows, (row) => row.chatId).map(([row]) => row);
    }),
  leases: () => new Map(),
  heartbeats: ({ reading }, { leases }) =>
    new DataLoader(
      async (ids) => {
        const rows = await reading.askApart('heartbeatRows', async (tx, { heartbeatsReadable }) =>
          heartbeatsReadable ? heartbeatRows(tx, ids) : [],
        );
        return inPlace(ids, rows, (row) => row.chatId);
      },
      { cacheMap: leases },
    ),
  couldNotReadLeases:
    (_of, { leases }) =>
    async (chatId) => {
      await Promise.resolve(); // fields beside the caller's have all begun then
      return (
        (await leases.get(chatId)?.then(
          () => false,
          () => true,
        )) ?? false
      );
    },
  children: ({ reading, readable }, loaders) =>
    makeChildrenLoader(reading, readable, (row) => loaders.chats.prime(row.chatId, row)),
  queueAges: ({ reading }) =>
    new DataLoader(async (ids) => {
      const rows = await reading.askApart('queueAges', (tx) => queueAges(tx, ids));
      return inPlace(ids, rows, (row) => row.chatId).map(([row]) => row?.ageSeconds ?? null);
    }),
  queueDepths: ({ reading }) =>
    new DataLoader(async (ids) => {
      const rows = await reading.askApart('queueDepths', (tx) => queueDepths(tx, ids));
      return inPlace(ids, rows, (row) => row.chatId).map(([row]) => row?.depth ?? 0);
    }),
  messageStats: ({ reading }) => {
    const counts = new Map<string, Promise<MessageStats>>();
    const counted = new DataLoader<string, MessageStats>(
      async (ids) => {
        const rows = await reading.askApart(
          'messageCounts',
          async (tx, { platform, indexes }) =>
            messageCounts(tx, ids, hasKinds(platform, await indexes('chat_messages'))),
          [MESSAGE_INDEXES.kinds],
        );
        return inPlace(ids, rows, (row) => row.chatId).map(toMessageStats);
      },
      { cacheMap: counts },
    );
    return { load: (chatId) => counted.load(chatId), asked: (chatId) => counts.get(chatId) };
  },
  replicas: ({ reading }) =>
    new DataLoader(async (ids) => {
      const rows = await reading.ask('replicaRowsById', (tx, { platform }) => replicaRowsById(tx, { ids, platform }));
      return inPlace(ids, rows, (row) => row.id).map(([row]) => row);
    }),
  ownedChats: ({ reading }) =>
    new DataLoader(async (ids) => {
      const rows = await reading.askApart('ownedChats', (tx, moment) => ownedChats(tx, moment, ids));
      return inPlace(ids, rows, (row) => row.workerId).map(([row]) => row?.chats ?? 0);
    }),
  recentReplicaIds: ({ reading }) => {
    let recent: Promise<string[]> | undefined;
    return () => {
      recent ??= reading.askApart('recentReplicaIds', (tx, { platform }) => recentReplicaIds(tx, platform));
      return recent;
    };
  },
  databaseHealth: ({ reading }) => {
    let health: Promise<DatabaseHealthRow> | undefined;
    return () => {
      health ??= reading.ask('databaseHealth', databaseHealth);
      return health;
    };
  },
});
