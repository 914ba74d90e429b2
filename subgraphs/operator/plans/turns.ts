/** The turns of the chats of plans that run: whose time comes next, and what came of it. */
import type { Pool, PoolClient } from 'pg';
import type { ActionOutcome } from '../../../domain/actions/names.ts';
import { ITEM_COLUMNS, type ItemRow, PLAN_COLUMNS, type PlanRow } from './plans.ts';

/** The next item of a plan that runs. */
interface NextItem {
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
interface ItemEnd {
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
