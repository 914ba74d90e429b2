/** Plans in the database: what they hold, and how far they are. */
import type { Pool, PoolClient } from 'pg';
import type { ActionOutcome, ChatAction } from '../../../domain/actions/names.ts';
import type { RunningPlans } from '../metrics.ts';
import type { Via } from '../request.ts';

/** A plan, with fields as in the schema. */
export interface PlanRow {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: ChatAction;
  readonly reason: string;
  readonly findings: string[];
  readonly state: 'PLANNED' | 'RUNNING' | 'STOPPED' | 'FINISHED';
  readonly perSecond: number | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly stoppedBy: string | null;
  readonly roles: string[];
  readonly tokenId: string | null;
  readonly via: Via;
  readonly requestId: string;
  readonly traceId: string | null;
}

/** A chat of a plan. */
export interface ItemRow {
  readonly planId: string;
  readonly position: number;
  readonly chatId: string;
  readonly version: number | null;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  /** State as it was planned. */
  readonly from: string | null;
  readonly to: string | null;
  readonly key: string;
  readonly outcome: ActionOutcome | null;
  readonly why: string | null;
  readonly actionId: string | null;
}

export const PLAN_COLUMNS = `plans.id, plans.at, plans.actor, plans.action, plans.reason, plans.findings, per_second AS "perSecond",
  started_at AS "startedAt", ended_at AS "endedAt", stopped_by AS "stoppedBy", roles, plans.token_id AS "tokenId", plans.via,
  plans.request_id AS "requestId", plans.trace_id AS "traceId",
  CASE WHEN stopped_by IS NOT NULL THEN 'STOPPED' WHEN ended_at IS NOT NULL THEN 'FINISHED'
    WHEN started_at IS NOT NULL THEN 'RUNNING' ELSE 'PLANNED' END AS state`;
const ITEM_COLUMNS = `items.plan_id AS "planId", position, items.chat_id AS "chatId", items.version::float8 AS version,
  items.worker_id AS "workerId", items.runner_id AS "runnerId", items.state AS from, leads_to AS to, items.key, items.outcome, items.why,
  items.action_id AS "actionId"`;

/** Who may see plans: a maker their own, an auditor all, and others those of actions that they may take on every chat. */
export interface Sees {
  readonly sub: string;
  readonly all: boolean;
  readonly actions: readonly string[];
}

const SEEN = '($1::text = plans.actor OR $2::boolean OR plans.action = ANY ($3::text[]))';

/** @returns undefined: there is none, or it is not theirs to see */
export async function findPlan(database: Pool | PoolClient, id: string, sees: Sees): Promise<PlanRow | undefined> {
  const { rows } = await database.query<PlanRow>(
    `SELECT ${PLAN_COLUMNS} FROM chat_debug_plans AS plans WHERE ${SEEN} AND id = $4`,
    [sees.sub, sees.all, sees.actions, id],
  );
  return rows[0];
}

/** Plans, newest first. */
export async function listPlans(pool: Pool, sees: Sees, first: number): Promise<PlanRow[]> {
  const { rows } = await pool.query<PlanRow>(
    `SELECT ${PLAN_COLUMNS} FROM chat_debug_plans AS plans WHERE ${SEEN} ORDER BY at DESC, id DESC LIMIT $4`,
    [sees.sub, sees.all, sees.actions, first],
  );
  return rows;
}

/** Numbers of chats of a plan. */
export interface Counts {
  readonly total: number;
  readonly pending: number;
  readonly done: number;
  readonly noChange: number;
  readonly conflicts: number;
  readonly refused: number;
}

const COUNTS = `
  SELECT plan_id AS id, count(*)::int AS total, count(*) FILTER (WHERE outcome IS NULL)::int AS pending,
    count(*) FILTER (WHERE outcome = 'DONE')::int AS done, count(*) FILTER (WHERE outcome = 'NO_CHANGE')::int AS "noChange",
    count(*) FILTER (WHERE outcome = 'CONFLICT')::int AS conflicts, count(*) FILTER (WHERE outcome = 'REFUSED')::int AS refused
  FROM chat_debug_plan_items WHERE plan_id = ANY ($1::uuid[]) GROUP BY plan_id`;

/** Numbers of chats of each plan, in the place of its id. */
export async function countItems(pool: Pool, planIds: readonly string[]): Promise<Counts[]> {
  const { rows } = await pool.query<Counts & { id: string }>(COUNTS, [planIds]);
  const none = { total: 0, pending: 0, done: 0, noChange: 0, conflicts: 0, refused: 0 };
  return planIds.map((planId) => rows.find(({ id }) => id === planId) ?? none);
}

interface ItemsAsked {
  readonly first: number;
  /** Position after which they begin. */
  readonly after: number;
  readonly outcomes: readonly string[] | null;
}

/** Items of a plan, in their order. */
export async function listItems(
  pool: Pool,
  planId: string,
  { first, after, outcomes }: ItemsAsked,
): Promise<ItemRow[]> {
  const { rows } = await pool.query<ItemRow>(
    `SELECT ${ITEM_COLUMNS} FROM chat_debug_plan_items AS items
     WHERE plan_id = $1 AND position > $2 AND ($3::text[] IS NULL OR outcome = ANY ($3)) ORDER BY position LIMIT $4`,
    [planId, after, outcomes, first],
  );
  return rows;
}

/** The next item of a plan that runs. */
export interface NextItem {
  readonly plan: PlanRow;
  /** Undefined: all have an outcome. */
  readonly item: ItemRow | undefined;
  /** Milliseconds until its time comes, by the database's clock. */
  readonly inMs: number;
}

/** Seconds until a chat that failed for trouble of the database is tried again. Other chats go on meanwhile, also of other plans. */
const PAUSE_SECONDS = 10;
/** Seconds for which its plan rests, so that other plans have most of the time. */
const REST_SECONDS = 2;
/** Seconds, more than any plan waits. A time further ahead was set before the clock was set back, or by another server's clock. */
const LONGEST_WAIT_SECONDS = 20;

const NEXT = `
  SELECT to_json(plan) AS plan, to_json(item) AS item,
    greatest(0, extract(epoch FROM due - clock_timestamp()) * 1000)::float8 AS "inMs"
  FROM (
    SELECT ${PLAN_COLUMNS}, next_at FROM chat_debug_plans AS plans WHERE started_at IS NOT NULL AND ended_at IS NULL) AS plan
  LEFT JOIN LATERAL (
    SELECT ${ITEM_COLUMNS}, tried_at FROM chat_debug_plan_items AS items WHERE plan_id = plan.id AND outcome IS NULL
    ORDER BY tried_at NULLS FIRST, position LIMIT 1) AS item ON true
  CROSS JOIN LATERAL (SELECT clock_timestamp() AS now) AS clock
  CROSS JOIN LATERAL (SELECT greatest(
      CASE WHEN next_at > now + interval '${LONGEST_WAIT_SECONDS} seconds' THEN now ELSE next_at END,
      CASE WHEN tried_at <= now THEN tried_at + interval '${PAUSE_SECONDS} seconds' END) AS due) AS times
  ORDER BY due LIMIT 1`;

/** The item whose time comes first. @returns undefined: no plan runs */
export async function nextItem(pool: Pool): Promise<NextItem | undefined> {
  const { rows } = await pool.query<{ plan: PlanRow; item: ItemRow | null; inMs: number }>(NEXT);
  const [row] = rows;
  return row && { plan: row.plan, item: row.item ?? undefined, inMs: row.inMs };
}

/**
 * Takes the turn of an item within a transaction, which no other operator then has.
 * @returns false: its time has not come, it has an outcome, or the plan does not run any more
 */
export async function takeTurn(tx: PoolClient, { planId, position }: ItemRow): Promise<boolean> {
  const turn = await tx.query(
    `UPDATE chat_debug_plans SET next_at = clock_timestamp() + interval '1 second' / per_second
     WHERE id = $1 AND started_at IS NOT NULL AND ended_at IS NULL
       AND next_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '${LONGEST_WAIT_SECONDS} seconds'`,
    [planId],
  );
  if (turn.rowCount !== 1) return false;
  const item = await tx.query(
    'SELECT FROM chat_debug_plan_items WHERE plan_id = $1 AND position = $2 AND outcome IS NULL FOR UPDATE',
    [planId, position],
  );
  return item.rowCount === 1;
}

/** What came of an item. */
export interface ItemEnd {
  readonly outcome: ActionOutcome;
  readonly why?: string | undefined;
  /** Undefined: there is no record. */
  readonly actionId?: string;
}

export async function endItem(
  database: Pool | PoolClient,
  { planId, position }: ItemRow,
  { outcome, why, actionId }: ItemEnd,
): Promise<void> {
  await database.query(
    `UPDATE chat_debug_plan_items SET outcome = $3, why = $4, action_id = $5, tried_at = clock_timestamp()
     WHERE plan_id = $1 AND position = $2 AND outcome IS NULL`,
    [planId, position, outcome, why ?? null, actionId ?? null],
  );
}

/** Puts an item behind the others of its plan, and lets the plan rest. */
export async function postponeItem(pool: Pool, { planId, position }: ItemRow): Promise<void> {
  await pool.query(
    `WITH plan AS (
       UPDATE chat_debug_plans SET next_at = clock_timestamp() + interval '${REST_SECONDS} seconds' WHERE id = $1)
     UPDATE chat_debug_plan_items SET tried_at = clock_timestamp() WHERE plan_id = $1 AND position = $2`,
    [planId, position],
  );
}

/** Ends a plan whose items all have an outcome. */
export async function endPlan(pool: Pool, planId: string): Promise<void> {
  await pool.query(
    `UPDATE chat_debug_plans SET ended_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL AND NOT EXISTS (
       SELECT FROM chat_debug_plan_items WHERE plan_id = $1 AND outcome IS NULL)`,
    [planId],
  );
}

const RUNNING = `
  SELECT count(DISTINCT plans.id)::int AS running, count(items.plan_id)::int AS pending,
    coalesce(extract(epoch FROM clock_timestamp() - min(started_at)), 0)::float8 AS "oldestSeconds"
  FROM chat_debug_plans AS plans
  LEFT JOIN chat_debug_plan_items AS items ON items.plan_id = plans.id AND items.outcome IS NULL
  WHERE started_at IS NOT NULL AND ended_at IS NULL`;

/** Plans that run, in numbers. */
export async function countRunning(pool: Pool): Promise<RunningPlans> {
  return (await pool.query<RunningPlans>(RUNNING)).rows[0] as RunningPlans;
}
