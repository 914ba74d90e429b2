/** What keeps workers from chats, and who could take them: looked for only where it can matter. */
import type DataLoader from 'dataloader';
import type { Logger } from '../../common/log.ts';
import type { Thresholds } from '../../common/thresholds.ts';
import { type OwnQuestion, ownQuestion } from './limited.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { HeartbeatRow } from './questions/heartbeatRows.ts';
import { liveReplicaIds } from './questions/liveReplicaIds.ts';
import { type TroubleRow, troubles } from './questions/troubles.ts';
import type { Reading } from './reading.ts';
import { isFresh, isRunnableRow, isSettled, isUnowned, wasLocked } from './troubleRules.ts';

export interface TroubleLoaders {
  /** Null: not looked for. */
  readonly trouble: OwnQuestion<ChatRow, TroubleRow | null>;
  /** Replicas that could take a chat. */
  readonly candidateIds: () => Promise<readonly string[]>;
}

const MOST_CANDIDATES = 20;

/** For one operation. */
export function makeTroubleLoaders(
  reading: Reading,
  log: Logger,
  { thresholds, heartbeats }: { thresholds: Thresholds; heartbeats: DataLoader<string, readonly HeartbeatRow[]> },
): TroubleLoaders {
  let candidates: Promise<string[]> | undefined;

  async function hasFreshLease({ chatId, runnerId }: ChatRow): Promise<boolean> {
    const lease = (await heartbeats.load(chatId)).find((row) => row.runnerId === runnerId);
    return lease !== undefined && isFresh(lease.ageSeconds, thresholds);
  }

  async function mayBeKept(chat: ChatRow): Promise<boolean> {
    if (!isRunnableRow(chat)) return false;
    if (wasLocked(chat)) return true;
    return isSettled(chat, thresholds) && (isUnowned(chat) || !(await hasFreshLease(chat)));
  }

  return {
    trouble: ownQuestion<ChatRow, TroubleRow[], TroubleRow | null>({
      ...{ name: 'troubles', reading, log },
      chatIdOf: (chat) => chat.chatId,
      choose: async (chats) => {
        const chosen = await Promise.all(chats.map(mayBeKept));
        return chats.filter((_chat, i) => chosen[i]);
      },
      ask: (tx, chats) =>
        troubles(
          tx,
          chats.map((chat) => chat.chatId),
          thresholds,
        ),
      answers: (rows, chats) => {
        const byId = new Map(rows?.map((row) => [row.chatId, row]));
        return chats.map((chat) => byId.get(chat.chatId) ?? null);
      },
    }),
    candidateIds: () => {
      candidates ??= reading.ask('liveReplicaIds', (tx) => liveReplicaIds(tx, thresholds, MOST_CANDIDATES));
      return candidates;
    },
  };
}
