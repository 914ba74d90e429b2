/** What keeps workers from a chat, and who could take it. The parent of every resolver here is the chat's row. */
import { mayReadAll } from '../../common/internalToken.ts';
import type { DatabaseContext } from './context.ts';
import { heartbeatState } from './heartbeatState.ts';
import { PLATFORM } from './platform.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { TroubleRow } from './questions/troubles.ts';
import { isRunnableRow, isSettled, isUnowned } from './troubleRules.ts';

export const troubleFields = {
  /** Undefined, which is null to a client: the look failed or took too long. */
  trouble: async (chat: ChatRow, _args: unknown, { loaders, caller, thresholds }: DatabaseContext) => {
    const row = await loaders.trouble.load(chat);
    if (row === undefined) return undefined;
    return { ...found(row, mayReadAll(caller)), platform: PLATFORM, thresholds };
  },
};

function found(row: TroubleRow | null, mayKnowHolder: boolean) {
  if (row === null) return {};
  const { canWrite, isInRecovery, ownerRow, rowLocked, processId, applicationName, state, waitingFor } = row;
  const rowLockedSeconds = row.transactionSeconds;
  const holder = { processId, applicationName, state, transactionSeconds: rowLockedSeconds, waitingFor };
  const lockedBy = rowLocked && mayKnowHolder ? holder : null;
  return { canWrite, isInRecovery, ownerRow, rowLocked, rowLockedSeconds, lockedBy };
}

/** Replicas that could take the chat; none while workers need not have looked yet, or its owner holds it. */
export async function candidates(chat: ChatRow, _args: unknown, context: DatabaseContext) {
  const { loaders, thresholds } = context;
  if (!isRunnableRow(chat) || !isSettled(chat, thresholds)) return [];
  if (!isUnowned(chat) && !['MISSING', 'STALE'].includes((await heartbeatState(chat, context)) ?? '')) return [];
  return (await loaders.candidateIds()).map((workerId) => ({ workerId }));
}
