/**
 * One action, with its record, in one transaction:
 *
 * 1. It takes the key. A known one gives its stored result, and nothing else happens.
 * 2. It locks the target, and checks the caller's rights and what the caller expected.
 * 3. It applies the effect. A dry run, or a refusal, takes it back to a savepoint.
 * 4. It adds the record, and commits.
 */
import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { ActionOutcome } from '../../domain/actions/names.ts';
import type { ChatStore } from '../runtime/chatd/chatStore.ts';
import { addResult } from './afterwards/pending.ts';
import { committed } from './committed.ts';
import { offerExpired } from './offerTokens.ts';
import { type ActionRow, addRecord, claimKey, type Ended } from './records.ts';
import type { ActionRequest } from './request.ts';

/** Remark on an action that was done for findings that were not there. */
const HAD_NONE = 'It was done. The chat had none of the named findings then, so that nobody can say whether it helped.';

/** Result of a request. */
interface Acted {
  readonly outcome: ActionOutcome;
  readonly record: ActionRow;
  /** True if the result was stored before. */
  readonly isRepeat: boolean;
}

/** Effect of a request, and what is to be done once it is committed. */
export interface ActionEffect extends Ended {
  readonly tell?: () => void;
}

export interface ActTools {
  readonly pool: Pool;
  readonly store: ChatStore;
}

/** Locks, checks and changes the target, inside the transaction. @param recordId of the record that will tell of it */
export type ApplyAction = (tx: PoolClient, request: ActionRequest, recordId: string) => Promise<ActionEffect>;

/**
 * Does it.
 * @throws Uncertain: it may have been done. Any other error: nothing was done, and nothing recorded.
 */
export async function act({ pool }: ActTools, request: ActionRequest, apply: ApplyAction): Promise<Acted> {
  const { caller, key, isDryRun, inputHash } = request;
  const { effect, ...acted } = await committed(pool, async (tx): Promise<Acted & { effect?: ActionEffect }> => {
    const stored = await claimKey(tx, caller.sub, key, isDryRun);
    if (stored) {
      const outcome = stored.inputHash === inputHash ? stored.outcome : 'CONFLICT';
      return { outcome, record: stored, isRepeat: true };
    }
    if (request.isExpired) throw offerExpired();
    const id = randomUUID();
    const applied = await apply(tx, request, id);
    const { outcome } = applied;
    const hasNothingToSee = outcome === 'DONE' && request.hadNone === true;
    const record = await addRecord(tx, id, request, hasNothingToSee ? { ...applied, why: HAD_NONE } : applied);
    if (!hasNothingToSee) return { outcome, record, isRepeat: false, effect: applied };
    await addResult(tx, id, 'UNKNOWN', []);
    return { outcome, record: { ...record, resolved: 'UNKNOWN' }, isRepeat: false, effect: applied };
  });
  if (!isDryRun) effect?.tell?.();
  return acted;
}
