/** What keeps workers from chats, and who could take them: looked for only where it can matter. */
import type { Logger } from '../../common/log.ts';
import { type OwnQuestion, ownQuestion } from './limited.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { type DebugRunRow, debugRuns } from './questions/debugRuns.ts';
import { liveReplicaIds } from './questions/liveReplicaIds.ts';
import { type Pools, pools } from './questions/pools.ts';
import { type TroubleRow, troubles } from './questions/troubles.ts';
import type { Reading } from './reading.ts';
import type { Moment, Transaction } from './transaction.ts';
import { isRunnableRow } from './troubleRules.ts';

/** `pools`: undefined where no slots are shared. */
export interface Trouble {
  readonly row: TroubleRow | null;
  readonly pools: Pools | undefined;
}

export interface TroubleLoaders {
  /** Its row is null: not looked for. */
  readonly trouble: OwnQuestion<ChatRow, Trouble>;
  /** Of a runnable chat, where the platform keeps such a log. */
  readonly debugRun: OwnQuestion<ChatRow, DebugRunRow | null>;
  /** Asked once, by whoever is at it first. */
  readonly pools: (tx: Transaction, moment: Moment) => Promise<Pools | undefined>;
  /** Replicas that could take a chat. */
  readonly candidateIds: () => Promise<readonly string[]>;
}

const MOST_CANDIDATES = 20;
const NOT_LOOKED_FOR: Trouble = { row: null, pools: undefined };

/** For one operation. */
export function makeTroubleLoaders(reading: Reading, log: Logger): TroubleLoaders {
  let candidates: Promise<string[]> | undefined;
  let known: { readonly pools: Pools | undefined } | undefined;
  const poolsOnce = async (tx: Transaction, moment: Moment) => {
    known ??= { pools: await pools(tx, moment) };
    return known.pools;
  };
  const idsOf = (chats: readonly ChatRow[]) => chats.map(({ chatId }) => chatId);
  const ofRunnable = <Asked, T>(
    name: string,
    ask: (tx: Transaction, chats: readonly ChatRow[], moment: Moment) => Promise<Asked>,
    answer: (asked: Asked, chatId: string) => T,
    nothing: T,
  ) =>
    ownQuestion<ChatRow, Asked, T>({
      ...{ name, reading, log, ask },
      chatIdOf: ({ chatId }) => chatId,
      choose: (chats) => chats.filter(isRunnableRow),
      answers: (asked, chats) => chats.map(({ chatId }) => (asked === undefined ? nothing : answer(asked, chatId))),
    });
  const byChat = <R extends { readonly chatId: string }>(rows: readonly R[]) =>
    new Map(rows.map((row) => [row.chatId, row]));
  return {
    pools: poolsOnce,
    trouble: ofRunnable(
      'troubles',
      async (tx, chats, moment) => ({
        rows: byChat(await troubles(tx, idsOf(chats), moment.platform)),
        pools: await poolsOnce(tx, moment),
      }),
      ({ rows, pools }, chatId): Trouble => ({ row: rows.get(chatId) ?? null, pools }),
      NOT_LOOKED_FOR,
    ),
    debugRun: ofRunnable(
      'debugRuns',
      async (tx, chats, { platform }) => byChat(platform.hasDebugLog ? await debugRuns(tx, idsOf(chats)) : []),
      (rows, chatId): DebugRunRow | null => rows.get(chatId) ?? null,
      null,
    ),
    candidateIds: () => {
      candidates ??= reading.ask('liveReplicaIds', (tx, { platform }) => liveReplicaIds(tx, platform, MOST_CANDIDATES));
      return candidates;
    },
  };
}
