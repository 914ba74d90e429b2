/** Actions that are still to be looked at, in the database, and what was found in the end. */
import type { Pool, PoolClient } from 'pg';
import type { ChatAction } from '../../../domain/actions/names.ts';
import { type Resolution, TRIED_SECONDS } from '../../../domain/actions/resolution.ts';

/** An action on a chat that was done, and whose end is not known yet. */
export interface Pending {
  readonly id: string;
  readonly chatId: string;
  readonly action: ChatAction;
  readonly findings: string[];
  readonly before: string | null;
  readonly versionAfter: number | null;
  /** Seconds since the action, by the database's clock. */
  readonly ageSeconds: number;
}

/** Seconds in which an operator that starts again still notes that nobody could look. */
const GRACE_SECONDS = 600;
const MOST = 1_000;

const PENDING = `
  SELECT id, chat_id AS "chatId", action, findings, state_before AS before, version_after::float8 AS "versionAfter",
    extract(epoch FROM clock_timestamp() - at)::float8 AS "ageSeconds"
  FROM chat_debug_actions AS actions
  WHERE outcome = 'DONE' AND NOT dry_run AND chat_id IS NOT NULL
    AND at > clock_timestamp() - interval '${TRIED_SECONDS + GRACE_SECONDS} seconds'
    AND NOT EXISTS (SELECT FROM chat_debug_action_results WHERE action_id = actions.id)
  ORDER BY at LIMIT ${MOST}`;

/** Those to look at, oldest first. */
export async function listPending(pool: Pool): Promise<Pending[]> {
  return (await pool.query<Pending>(PENDING)).rows;
}

/** Adds what was found. @returns false: another operator has */
export async function addResult(
  pool: Pool | PoolClient,
  id: string,
  resolved: Resolution,
  left: readonly string[],
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `INSERT INTO chat_debug_action_results (action_id, resolved, findings) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [id, resolved, left],
  );
  return rowCount === 1;
}
