/** What keeps workers from chats, and who could take them: looked for only where it can matter. */
import type { Logger } from '../../common/log.ts';
import type { Thresholds } from '../../common/thresholds.ts';
import { type OwnQuestion, ownQuestion } from './limited.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { liveReplicaIds } from './questions/liveReplicaIds.ts';
import { type TroubleRow, troubles } from './questions/troubles.ts';
import type { Reading } from './reading.ts';
import { isRunnableRow } from './troubleRules.ts';

export interface TroubleLoaders {
  /** Null: not looked for. */
  readonly trouble: OwnQuestion<ChatRow, TroubleRow | null>;
  /** Replicas that could take a chat. */
  readonly candidateIds: () => Promise<readonly string[]>;
}

const MOST_CANDIDATES = 20;

/** For one operation. */
export function makeTroubleLoaders(reading: Reading, log: Logger, thresholds: Thresholds): TroubleLoaders {
  let candidates: Promise<string[]> | undefined;
  const idsOf = (chats: readonly ChatRow[]) => chats.map(({ chatId }) => chatId);
  return {
    trouble: ownQuestion<ChatRow, TroubleRow[], TroubleRow | null>({
      ...{ name: 'troubles', reading, log },
      chatIdOf: (chat) => chat.chatId,
      choose: (chats) => chats.filter(isRunnableRow),
      ask: (tx, chats) => troubles(tx, idsOf(chats), thresholds),
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
