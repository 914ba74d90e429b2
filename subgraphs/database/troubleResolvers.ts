/** What keeps workers from a chat, and who could take it. The parent of every resolver here is the chat's row. */
import { mayReadAll } from '../../common/internalToken.ts';
import type { DatabaseContext } from './context.ts';
import { heartbeatState } from './heartbeatState.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { Pools } from './questions/pools.ts';
import type { TroubleRow } from './questions/troubles.ts';
import { isRunnableRow, isSettled, isUnowned, waitsForSlot } from './troubleRules.ts';

export const troubleFields = {
  /** Undefined, which is null to a client: the look failed or took too long. */
  trouble: async (chat: ChatRow, _args: unknown, { loaders, caller, reading }: DatabaseContext) => {
    const trouble = await loaders.trouble.load(chat);
    if (trouble === undefined) return undefined;
    const { name: platform, thresholds } = (await reading.moment()).platform;
    return { ...found(trouble.row, mayReadAll(caller)), platform, thresholds, pool: poolOf(chat, trouble.pools) };
  },
  /** The same. Where no log is kept, nothing is asked of it. */
  debugRun: async (chat: ChatRow, _args: unknown, { loaders, reading }: DatabaseContext) =>
    (await reading.moment()).platform.hasDebugLog ? loaders.debugRun.load(chat) : null,
};

/** The slots that the chat waits for, which names no worker then. */
function poolOf(chat: ChatRow, pools: Pools | undefined) {
  if (!pools || !waitsForSlot(chat)) return null;
  const kind = chat.parentChatId === null ? 'root' : 'subagents';
  const name = kind === 'root' ? 'ROOT' : 'SUBAGENT';
  return { kind: name, used: pools.used[kind], capacity: pools.capacity[kind] };
}

function found(row: TroubleRow | null, mayKnowHolder: boolean) {
  if (row === null) return {};
  const { canWrite, isInRecovery, ownerRow, rowLocked, processId, applicationName, state, waitingFor } = row;
  const rowLockedSeconds = row.transactionSeconds;
  const holder = { processId, applicationName, state, transactionSeconds: rowLockedSeconds, waitingFor };
  const lockedBy = rowLocked && mayKnowHolder ? holder : null;
  return { canWrite, isInRecovery, ownerRow, rowLocked, rowLockedSeconds, lockedBy };
}

/** Replicas that could take the chat, as far as they can be asked; none while workers need not have looked yet, or its owner holds it. */
export async function candidates(chat: ChatRow, _args: unknown, context: DatabaseContext) {
  const { loaders, reading } = context;
  const { hasRuntime, thresholds } = (await reading.moment()).platform;
  if (!hasRuntime || !isRunnableRow(chat) || !isSettled(chat, thresholds)) return [];
  if (!isUnowned(chat) && !['MISSING', 'STALE'].includes((await heartbeatState(chat, context)) ?? '')) return [];
  return (await loaders.candidateIds()).map((workerId) => ({ workerId }));
}
