/**
 * Works plans off: one chat after the other, at the plan's rate, each as an action with its record.
 *
 * 1. It takes the item whose time comes first, of all plans that run.
 * 2. In one transaction it takes the plan's turn, acts, adds the record, and notes the outcome with the item.
 * 3. It waits for the next one's time, by the database's clock.
 *
 * Operators beside each other, or one that starts again, find what is left.
 * An item is done once, since its turn, its effect and its outcome are committed together.
 */
import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Logger } from '../../../server/log.ts';
import type { Caller } from '../../../server/tokens/internalToken.ts';
import { failureName, mayBeOfOneRow } from '../../runtime/chatd/databaseFailure.ts';
import { type ActTools, type ApplyAction, act } from '../act.ts';
import { applyToChat } from '../actOnChat.ts';
import { Uncertain } from '../committed.ts';
import type { OperatorMetrics } from '../metrics.ts';
import type { ActionRequest } from '../request.ts';
import { refusesTheRow, troubleWords } from '../trouble.ts';
import type { ItemRow, PlanRow } from './plans.ts';
import { endItem, endPlan, nextItem, postponeItem, takeTurn } from './turns.ts';

/** Milliseconds to wait where an item's turn was somebody else's. */
const MISSED_MS = 50;

/** Somebody else has the turn, or the plan was stopped. */
class NotOurTurn extends Error {}

/**
 * Does what comes next.
 * @returns milliseconds until there is more to do; undefined: no plan runs
 * @throws if the database failed; the item comes behind the others. What may be the trouble of one chat is logged instead
 */
export async function workOff(tools: ActTools, metrics: OperatorMetrics, log: Logger): Promise<number | undefined> {
  const next = await nextItem(tools.pool);
  if (!next) return undefined;
  const { plan, item, inMs } = next;
  if (!item) {
    await endPlan(tools.pool, plan.id);
    return 0;
  }
  if (inMs > 0) return inMs;
  const request = requestFor(plan, item);
  try {
    const { outcome, isRepeat } = await act(tools, request, inTurn(tools, plan, item));
    if (!isRepeat) metrics.acted(plan.action, outcome, false);
    return 0;
  } catch (error) {
    if (error instanceof NotOurTurn) return MISSED_MS;
    if (error instanceof GraphQLError) {
      await endItem(tools.pool, item, { outcome: 'REFUSED', why: error.message });
      return 0;
    }
    if (refusesTheRow(error)) {
      log.warn({ err: error, planId: plan.id, chatId: item.chatId }, 'the database refuses a chat of a plan');
      await endItem(tools.pool, item, { outcome: 'REFUSED', why: troubleWords(error) });
      return 0;
    }
    if (error instanceof Uncertain) metrics.uncertain(plan.action);
    await postponeItem(tools.pool, item);
    if (!mayBeOfOneRow(error)) throw error;
    log.warn({ reason: failureName(error), planId: plan.id, chatId: item.chatId }, 'a chat of a plan has to wait');
    return 0;
  }
}

const inTurn =
  ({ store }: ActTools, { action }: PlanRow, item: ItemRow): ApplyAction =>
  async (tx, request, recordId) => {
    if (!(await takeTurn(tx, item))) throw new NotOurTurn();
    const effect = await applyToChat(store, action)(tx, request, recordId);
    await endItem(tx, item, { outcome: effect.outcome, why: effect.why, actionId: recordId });
    return effect;
  };

/** Request for the action on one chat, as if whoever runs the plan had sent it. */
function requestFor(plan: PlanRow, { chatId, version, workerId, runnerId, key }: ItemRow): ActionRequest {
  const { action, actor, roles, tokenId, via, requestId, traceId, reason, findings } = plan;
  const caller: Caller = { sub: actor, roles, ...(tokenId !== null && { jti: tokenId }) };
  return {
    ...{ caller, via, requestId, traceId: traceId ?? undefined, planId: plan.id },
    ...{ action, targetId: chatId, expected: { version, workerId, runnerId }, isExpired: false },
    ...{ reason, findings, key, isDryRun: false, inputHash: hash('sha256', key) },
  };
}
