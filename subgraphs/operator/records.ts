/** Records of actions in the database. */
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { ActionName, ActionOutcome } from '../../domain/actions/names.ts';
import { TRIED_SECONDS } from '../../domain/actions/resolution.ts';
import type { ExecutionState } from '../../domain/executionState.ts';
import type { ListPlace } from '../../server/graphql/listPlaces.ts';
import type { ActionRequest } from './request.ts';

/** A record, with fields as in the schema. */
export interface ActionRow extends QueryResultRow {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: ActionName;
  readonly chatId: string | null;
  readonly outcome: ActionOutcome;
  readonly dryRun: boolean;
  readonly inputHash: string;
  /** Time with microseconds. */
  readonly atText: string;
}

/** What an action found, and what came of it. */
export interface Ended {
  readonly outcome: ActionOutcome;
  /** Reason why nothing was changed. */
  readonly why?: string;
  readonly found?: {
    readonly version: number;
    readonly workerId: string | null;
    readonly runnerId: string | null;
    readonly state: ExecutionState;
  };
  readonly after?: { readonly version: number; readonly state: ExecutionState };
}

const COLUMNS = `actions.id, actions.at, actor, token_id AS "tokenId", via, action, chat_id AS "chatId", replica_id AS "replicaId", reason,
  actions.findings, expected_version::float8 AS "expectedVersion", expected_worker_id AS "expectedWorkerId",
  expected_runner_id AS "expectedRunnerId", found_version::float8 AS "foundVersion", found_worker_id AS "foundWorkerId",
  found_runner_id AS "foundRunnerId", state_before AS before, state_after AS after, version_after::float8 AS "versionAfter",
  outcome, why, idempotency_key AS "idempotencyKey", dry_run AS "dryRun", input_hash AS "inputHash",
  request_id AS "requestId", trace_id AS "traceId", actions.plan_id AS "planId",
  coalesce(results.resolved, CASE WHEN outcome = 'DONE' AND NOT dry_run
    AND chat_id IS NOT NULL AND actions.at > clock_timestamp() - interval '${TRIED_SECONDS} seconds' THEN 'PENDING' ELSE 'UNKNOWN' END) AS resolved,
  to_char(actions.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "atText"`;
const RESULTS = 'LEFT JOIN chat_debug_action_results AS results ON results.action_id = actions.id';
const RECORDS = `chat_debug_actions AS actions ${RESULTS}`;

/**
 * Takes the key for this transaction, after any other that has it, and finds its record.
 * @returns undefined: the key is new
 */
export async function claimKey(
  tx: PoolClient,
  actor: string,
  key: string,
  isDryRun: boolean,
): Promise<ActionRow | undefined> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 18))', [JSON.stringify([actor, key, isDryRun])]);
  const { rows } = await tx.query<ActionRow>(
    `SELECT ${COLUMNS} FROM ${RECORDS} WHERE actor = $1 AND idempotency_key = $2 AND dry_run = $3`,
    [actor, key, isDryRun],
  );
  return rows[0];
}

const INSERT = `
  WITH actions AS (
    INSERT INTO chat_debug_actions (id, actor, token_id, via, action, chat_id, replica_id, reason, findings, expected_version,
      expected_worker_id, expected_runner_id, found_version, found_worker_id, found_runner_id, state_before, state_after,
      version_after, outcome, why, idempotency_key, dry_run, input_hash, request_id, trace_id, plan_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
    RETURNING *)
  SELECT ${COLUMNS} FROM actions ${RESULTS}`;

/** Adds the record of a request, in the transaction of its effect. */
export async function addRecord(tx: PoolClient, id: string, request: ActionRequest, ended: Ended): Promise<ActionRow> {
  const { action, targetId, expected, caller, via, reason, findings, key, isDryRun, inputHash } = request;
  const isOnReplica = expected.version === null;
  const { found, after } = ended;
  const { rows } = await tx.query<ActionRow>(INSERT, [
    ...[id, caller.sub, caller.jti ?? null, via, action, isOnReplica ? null : targetId, isOnReplica ? targetId : null],
    ...[reason, findings, expected.version, expected.workerId, expected.runnerId],
    ...[found?.version ?? null, found?.workerId ?? null, found?.runnerId ?? null, found?.state ?? null],
    ...[after?.state ?? null, after?.version ?? null, ended.outcome, ended.why ?? null],
    ...[key, isDryRun, inputHash, request.requestId, request.traceId ?? null, request.planId ?? null],
  ]);
  return rows[0] as ActionRow;
}

/** Conditions on records. Null: any. */
interface RecordConditions {
  readonly chatId: string | null;
  readonly replicaId: string | null;
  readonly actors: readonly string[] | null;
  readonly actions: readonly string[] | null;
  readonly outcomes: readonly string[] | null;
  readonly dryRun: boolean | null;
  readonly after: ListPlace | null;
  readonly limit: number;
}

const LIST = `
  SELECT ${COLUMNS} FROM ${RECORDS}
  WHERE ($1::uuid IS NULL OR chat_id = $1) AND ($2::uuid IS NULL OR replica_id = $2) AND ($3::text[] IS NULL OR actor = ANY ($3))
    AND ($4::text[] IS NULL OR action = ANY ($4)) AND ($5::text[] IS NULL OR outcome = ANY ($5))
    AND ($6::boolean IS NULL OR dry_run = $6) AND ($7::timestamptz IS NULL OR (actions.at, actions.id) < ($7, $8::uuid))
  ORDER BY actions.at DESC, actions.id DESC LIMIT $9`;

/** Records, newest first. */
export async function listRecords(pool: Pool, conditions: RecordConditions): Promise<ActionRow[]> {
  const { chatId, replicaId, actors, actions, outcomes, dryRun, after, limit } = conditions;
  const values = [chatId, replicaId, actors, actions, outcomes, dryRun, after?.at ?? null, after?.id ?? null, limit];
  return (await pool.query<ActionRow>(LIST, values)).rows;
}

const OF_CHATS = `
  SELECT newest.* FROM unnest($1::uuid[]) AS asked (asked_id) CROSS JOIN LATERAL (
    SELECT ${COLUMNS} FROM ${RECORDS} WHERE chat_id = asked_id ORDER BY actions.at DESC, actions.id DESC LIMIT $2) newest`;

/** Newest records of each chat, newest first. */
export async function recordsOfChats(pool: Pool, chatIds: readonly string[], first: number): Promise<ActionRow[]> {
  return (await pool.query<ActionRow>(OF_CHATS, [chatIds, first])).rows;
}

/** Records by id, each in the place of its id. */
export async function recordsById(pool: Pool, ids: readonly string[]): Promise<(ActionRow | null)[]> {
  const { rows } = await pool.query<ActionRow>(
    `SELECT ${COLUMNS} FROM ${RECORDS} WHERE actions.id = ANY ($1::uuid[])`,
    [ids],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => known.get(id) ?? null);
}

/** A chat, and the time in which records are asked for. */
export interface ChatTime {
  readonly chatId: string;
  readonly from: string;
  /** Null: until now. */
  readonly to: string | null;
  readonly first: number;
}

const WITHIN = `
  SELECT place, newest.* FROM jsonb_to_recordset($1) AS asked (place int, chat_id uuid, begins timestamptz, ends timestamptz, most int)
  CROSS JOIN LATERAL (
    SELECT ${COLUMNS} FROM ${RECORDS} WHERE actions.chat_id = asked.chat_id AND actions.at >= begins
      AND actions.at <= coalesce(ends, 'infinity')
    ORDER BY actions.at DESC, actions.id DESC LIMIT most) AS newest`;

/** Records on each chat in its time, newest first. */
export async function recordsWithin(pool: Pool, asked: readonly ChatTime[]): Promise<ActionRow[][]> {
  const list = asked.map(({ chatId, from, to, first }, place) => ({
    ...{ place, chat_id: chatId, begins: from, ends: to, most: first },
  }));
  const { rows } = await pool.query<ActionRow & { place: number }>(WITHIN, [JSON.stringify(list)]);
  return asked.map((_, i) => rows.filter(({ place }) => place === i));
}
