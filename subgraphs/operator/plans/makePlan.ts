/** The three mutations of plans: it is made, run, and stopped. */
import type { Pool } from 'pg';
import { ACTIONS, type ActionName, type ChatAction, isOfChat } from '../../../domain/actions/names.ts';
import { possibleAction } from '../../../domain/actions/offers.ts';
import { AUDIT, hasRoleFor, OPERATE } from '../../../domain/actions/rights.ts';
import { clientError } from '../../../server/graphql/errors.ts';
import { mayRead } from '../../../server/graphql/rights.ts';
import { type Caller, mayReadAll, READ_ALL } from '../../../server/tokens/internalToken.ts';
import { type ChatState, readChatsApart } from '../../runtime/chatd/chatState.ts';
import { requireRight } from '../access.ts';
import { actedOn, versionOf } from '../actOnChat.ts';
import { type Circumstances, checkedFindings, checkedReason } from '../request.ts';
import { findPlan, PLAN_COLUMNS, type PlanRow, type Sees } from './plans.ts';

const MOST_CHATS = 1_000;
const RATE = { least: 0.1, most: 20, standard: 5 };

const bad = (words: string) => clientError('BAD_USER_INPUT', words);
const noSuchPlan = () => clientError('NOT_FOUND', 'There is no such plan, or it is not yours to see.');

/** Plans that a caller may see. */
export const seenBy = (caller: Caller): Sees => ({
  sub: caller.sub,
  all: caller.roles.includes(AUDIT),
  actions: mayReadAll(caller) ? ACTIONS.filter((action) => hasRoleFor(caller.roles, action)) : [],
});

export interface PlanArguments {
  readonly chatIds: readonly string[];
  readonly action: ActionName;
  readonly reason: string;
  readonly findings?: readonly string[] | null;
}

const MAKE = `
  WITH plans AS (
    INSERT INTO chat_debug_plans (actor, action, reason, findings, token_id, via, request_id, trace_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *
  ), items AS (
    INSERT INTO chat_debug_plan_items (plan_id, position, chat_id, version, worker_id, runner_id, state, leads_to, outcome, why)
    SELECT plans.id, item.* FROM plans, jsonb_to_recordset($9) AS item
      (position int, chat_id uuid, version int8, worker_id uuid, runner_id uuid, state text, leads_to text, outcome text, why text)
  )
  SELECT ${PLAN_COLUMNS} FROM plans`;

/** Freezes the chats as they are. @throws GraphQLError `BAD_USER_INPUT`, `FORBIDDEN` */
export async function makePlan(pool: Pool, given: PlanArguments, by: Circumstances): Promise<PlanRow> {
  const { caller, via, requestId, traceId = null } = by;
  const { action } = given;
  const chatIds = [...new Set(given.chatIds)];
  const reason = checkedReason(given.reason);
  const findings = checkedFindings(given.findings ?? []);
  if (!isOfChat(action)) throw bad('A plan is for an action on chats. Drain replicas one by one.');
  if (chatIds.length === 0 || given.chatIds.length > MOST_CHATS) {
    throw bad(`A plan holds 1 to ${MOST_CHATS} chats. Received ${given.chatIds.length}.`);
  }
  requireRight(caller, action);
  const chats = await readChatsApart(pool, chatIds);
  const items = chatIds.map((chat_id, i) => ({ position: i + 1, chat_id, ...asItLooks(chats[i], action, caller) }));
  const values = [caller.sub, action, reason, findings, caller.jti ?? null, via, requestId, traceId];
  const { rows } = await pool.query<PlanRow>(MAKE, [...values, JSON.stringify(items)]);
  return rows[0] as PlanRow;
}

const UNREAD = { outcome: 'REFUSED', why: 'There is no such chat, or it is not yours to read.' };

/** A chat as it looks. One that does not exist and one that may not be read look the same. */
function asItLooks(chat: ChatState | Error | undefined, action: ChatAction, caller: Caller) {
  if (!chat || chat instanceof Error || !mayRead(caller, chat)) return UNREAD;
  const { workerId: worker_id, runnerId: runner_id } = chat;
  const { from: state, to: leads_to, whyNot: why } = possibleAction(action, actedOn(chat));
  return { version: versionOf(chat), worker_id, runner_id, state, leads_to, why };
}

/**
 * Begins to work a plan off, or changes the rate of one that runs.
 * @param perSecond null: as before
 * @throws GraphQLError `BAD_USER_INPUT`, `NOT_FOUND`, `FORBIDDEN`
 */
export async function runPlan(pool: Pool, id: string, perSecond: number | null, by: Circumstances): Promise<PlanRow> {
  const { caller, via, requestId, traceId = null } = by;
  if (perSecond !== null && !(perSecond >= RATE.least && perSecond <= RATE.most)) {
    throw bad(`\`perSecond\` must be ${RATE.least} to ${RATE.most}. Received ${perSecond}.`);
  }
  const plan = await findPlan(pool, id, seenBy(caller));
  if (!plan) throw noSuchPlan();
  if (plan.actor !== caller.sub) throw clientError('FORBIDDEN', 'Only who made a plan may run it.');
  requireRight(caller, plan.action);
  const { rows } = await pool.query<PlanRow>(
    `UPDATE chat_debug_plans AS plans SET per_second = coalesce($2, per_second, ${RATE.standard}), roles = $3, token_id = $4, via = $5,
       request_id = $6, trace_id = $7, started_at = coalesce(started_at, clock_timestamp()), next_at = coalesce(next_at, clock_timestamp())
     WHERE id = $1 AND ended_at IS NULL RETURNING ${PLAN_COLUMNS}`,
    [id, perSecond, rolesFor(plan.action, caller), caller.jti ?? null, via, requestId, traceId],
  );
  if (rows[0]) return rows[0];
  throw bad('The plan was stopped, or is finished. Plan anew what is left.');
}

/** Roles that a plan keeps of its runner's: those that it needs. */
const rolesFor = (action: ChatAction, { roles }: Caller) =>
  roles.filter((role) => role === READ_ALL || (role.startsWith(OPERATE) && hasRoleFor([role], action)));

/** Stops a plan for good. One that has ended stays as it is. @throws GraphQLError `NOT_FOUND`, `FORBIDDEN` */
export async function stopPlan(pool: Pool, id: string, caller: Caller): Promise<PlanRow> {
  const plan = await findPlan(pool, id, seenBy(caller));
  if (!plan) throw noSuchPlan();
  if (plan.actor !== caller.sub) {
    requireRight(caller, plan.action);
    if (!mayReadAll(caller)) throw clientError('FORBIDDEN', `This needs the role ${READ_ALL}, too.`);
  }
  const { rows } = await pool.query<PlanRow>(
    `UPDATE chat_debug_plans AS plans SET ended_at = clock_timestamp(), stopped_by = $2
     WHERE id = $1 AND ended_at IS NULL RETURNING ${PLAN_COLUMNS}`,
    [id, caller.sub],
  );
  return rows[0] ?? (await findPlan(pool, id, seenBy(caller))) ?? plan;
}
