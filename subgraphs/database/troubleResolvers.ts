/**
 * Trouble that keeps workers from a chat, and replicas that could take it. The parent of every resolver here is the
 * chat's row.
 */
import { mayReadAll } from '../../server/tokens/internalToken.ts';
import type { DatabaseContext } from './context.ts';
import { heartbeatState } from './heartbeat.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { shownPool } from './questions/pools.ts';
import type { TroubleRow } from './questions/troubles.ts';
import { assertReadable, type Tables } from './tables/sources.ts';
import type { Trouble } from './troubleLoaders.ts';
import { isRunnableRow, isSettled, isUnowned, waitsForSlot } from './troubleRules.ts';

export const troubleFields = {
  /**
   * Trouble; undefined, which is null to a client: the look failed or took too long.
   * What a gateway cannot know from its own settings is told all the same: the platform, and its thresholds.
   */
  trouble: async (chat: ChatRow, _args: unknown, context: DatabaseContext) => {
    const trouble = await context.loaders.trouble.load(chat);
    const { name: platform, tables, thresholds } = (await context.reading.moment()).platform;
    if (trouble === undefined) return platform === 'own' ? undefined : { platform, thresholds };
    const pool = await slotsFor(chat, context);
    return {
      ...found(isRunnableRow(chat) ? trouble.row : null, mayReadAll(context.caller)),
      ownerRow: async () => ownerRow(trouble, chat, tables),
      ...{ platform, thresholds, pool },
    };
  },
  /** Newest run; undefined: the look failed or took too long. */
  debugRun: (chat: ChatRow, _args: unknown, { loaders }: DatabaseContext) => loaders.debugRun.load(chat),
};

/** @throws GraphQLError `SCHEMA_UNSUPPORTED`, `QUERY_TIMED_OUT` if there is an owner whose row cannot be read */
function ownerRow({ row, replicasLocked }: Trouble, chat: ChatRow, tables: Tables): TroubleRow['ownerRow'] {
  if (row === null || chat.workerId === null || !isRunnableRow(chat)) return null;
  if (replicasLocked) throw replicasLocked;
  assertReadable(tables, 'replicas');
  return row.ownerRow;
}

/** Slots that the chat waits for, or will wait for once its owner with the lost lease is replaced. */
async function slotsFor(chat: ChatRow, context: DatabaseContext) {
  const { capacity } = (await context.reading.moment()).platform;
  if (!capacity || !isRunnableRow(chat)) return null;
  if (!waitsForSlot(chat) && (isUnowned(chat) || !(await hasLostLease(chat, context)))) return null;
  const pools = await context.loaders.poolsApart();
  return pools ? shownPool(pools, chat.parentChatId === null ? 'root' : 'subagents') : null;
}

function found(row: TroubleRow | null, mayKnowHolder: boolean) {
  if (row === null) return {};
  const { canWrite, isInRecovery, replayLagSeconds, liveReplicas } = row;
  const { rowLocked, rowAwaited, readersKeptOut, transactionSeconds } = row;
  const { processId, applicationName, state, waitingFor } = row;
  const holder = { processId, applicationName, state, transactionSeconds, waitingFor };
  const lockedBy = rowLocked && mayKnowHolder ? holder : null;
  const rowLockedSeconds = rowLocked ? (transactionSeconds ?? row.awaitedSeconds) : null;
  const lock = { rowLocked, rowLockedSeconds, rowAwaited, readersKeptOut, lockedBy };
  return { canWrite, isInRecovery, replayLagSeconds, liveReplicas, ...lock };
}

/** True if the owner's lease is lost; false also where no lease can be read. */
async function hasLostLease(chat: ChatRow, context: DatabaseContext): Promise<boolean> {
  if (!(await context.reading.moment()).heartbeatsReadable) return false;
  const state = await heartbeatState(chat, context).catch(() => null);
  return state === 'MISSING' || state === 'STALE';
}

/**
 * Replicas that could take the chat, as far as they can be asked. None while workers need not have looked yet, or its
 * owner holds it.
 */
export async function candidates(chat: ChatRow, _args: unknown, context: DatabaseContext) {
  const { loaders, reading } = context;
  const { hasRuntime, thresholds } = (await reading.moment()).platform;
  if (!hasRuntime || !isRunnableRow(chat) || !isSettled(chat, thresholds)) return [];
  if (!isUnowned(chat) && !(await hasLostLease(chat, context))) return [];
  return (await loaders.candidateIds()).map((workerId) => ({ workerId }));
}
