/**
 * Trouble that keeps workers from chats, and replicas that could take them. It is looked for only where it can matter.
 */
import type { GraphQLError } from 'graphql';
import type { Makers, Operation } from './members.ts';
import { type OwnQuestion, ownQuestion } from './ownQuestion.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { type DebugRunRow, debugRuns } from './questions/debugRuns.ts';
import { type Pools, pools } from './questions/pools.ts';
import { liveReplicaIds } from './questions/replicaRows.ts';
import { type TroubleRow, troubles } from './questions/troubles.ts';
import type { Within } from './reading.ts';
import { type Moment, type Transaction, transactionWithout } from './transaction.ts';
import { isRunnableRow } from './troubleRules.ts';

export interface Trouble {
  readonly row: TroubleRow | null;
  /** Error that hides the owner's row: somebody locks the table of replicas. */
  readonly replicasLocked?: GraphQLError | undefined;
}

export interface TroubleLoaders {
  /** Trouble of a chat. Its row is null if it was not looked for. Without the chat's row it is looked for in any case. */
  readonly trouble: OwnQuestion<PerhapsRow, Trouble>;
  /** Newest run of a runnable chat. Null, and nothing is asked, where the platform keeps no debug log. */
  readonly debugRun: OwnQuestion<PerhapsRow, DebugRunRow | null>;
  /** Slots, read once by the first that needs them. */
  readonly pools: (tx: Transaction, moment: Moment) => Promise<Pools | undefined>;
  /** Slots, read by a question of their own. If leases are locked, they are counted as where leases cannot be read. */
  readonly poolsApart: () => Promise<Pools | undefined>;
  /** Ids of replicas that could take a chat. */
  readonly candidateIds: () => Promise<readonly string[]>;
}

/** A chat's row, or its id alone. */
type PerhapsRow = ChatRow | { readonly chatId: string; readonly status?: never };

type Locked = NonNullable<Within<unknown>['locked']>;
interface Found {
  readonly rows: ReadonlyMap<string, TroubleRow>;
  readonly replicasLocked?: GraphQLError;
}

const MOST_CANDIDATES = 20;
const NOT_LOOKED_FOR: Trouble = { row: null };

const idsOf = (chats: readonly PerhapsRow[]) => chats.map(({ chatId }) => chatId);
const byChat = <R extends { readonly chatId: string }>(rows: readonly R[]) =>
  new Map(rows.map((row) => [row.chatId, row]));

const ofRunnable = <Asked, T>(
  { reading, log }: Operation,
  name: string,
  ask: (tx: Transaction, chats: readonly PerhapsRow[], moment: Moment) => Promise<Asked>,
  answer: (asked: Asked, chatId: string) => T,
  nothing: T,
  instead?: (chats: readonly PerhapsRow[], locked: Locked) => Promise<Asked>,
  isThere: () => Promise<boolean> = async () => true,
) =>
  ownQuestion<PerhapsRow, Asked, T>({
    ...{ name, reading, log, ask, tellsLock: true, ...(instead && { instead }) },
    chatIdOf: ({ chatId }) => chatId,
    choose: async (chats) => {
      const runnable = chats.filter((chat) => chat.status === undefined || isRunnableRow(chat));
      return runnable.length > 0 && (await isThere()) ? runnable : [];
    },
    answers: (asked, chats) => chats.map(({ chatId }) => (asked === undefined ? nothing : answer(asked, chatId))),
  });

export const troubleLoaders: Makers<TroubleLoaders> = {
  pools: () => {
    let known: { readonly pools: Pools | undefined } | undefined;
    return async (tx, moment) => {
      known ??= { pools: await pools(tx, moment) };
      return known.pools;
    };
  },
  poolsApart: ({ reading }, loaders) => {
    let apart: Promise<Pools | undefined> | undefined;
    const askPools = async () => {
      const { settled, locked } = await reading.askWithin('pools', loaders.pools);
      if (settled.status === 'fulfilled') return settled.value;
      if (!locked) throw settled.reason;
      return reading.ask('pools', (tx, moment) => pools(tx, { ...moment, heartbeatsReadable: false }));
    };
    return () => {
      apart ??= askPools();
      return apart;
    };
  },
  trouble: (of) =>
    ofRunnable(
      of,
      'troubles',
      async (tx, chats, { platform }): Promise<Found> => ({ rows: byChat(await troubles(tx, idsOf(chats), platform)) }),
      ({ rows, replicasLocked }, chatId): Trouble => ({ row: rows.get(chatId) ?? null, replicasLocked }),
      NOT_LOOKED_FOR,
      (chats, { waitsFor, error }) => {
        if (!waitsFor.includes('replicas')) throw error;
        return of.reading.ask('troubles', async (tx, { platform }) => ({
          rows: byChat(await troubles(transactionWithout('replicas', tx), idsOf(chats), platform)),
          replicasLocked: error,
        }));
      },
    ),
  debugRun: (of) =>
    ofRunnable(
      of,
      'debugRuns',
      async (tx, chats) => byChat(await debugRuns(tx, idsOf(chats))),
      (rows, chatId): DebugRunRow | null => rows.get(chatId) ?? null,
      null,
      undefined,
      async () => (await of.reading.moment()).platform.hasDebugLog,
    ),
  candidateIds: ({ reading }) => {
    let candidates: Promise<string[]> | undefined;
    return () => {
      candidates ??= reading.askApart('liveReplicaIds', (tx, { platform }) =>
        liveReplicaIds(tx, platform, MOST_CANDIDATES),
      );
      return candidates;
    };
  },
};
