/** Questions of readers about incidents. Each is narrowed to what the caller may read. */
import type { Pool, QueryResultRow } from 'pg';
import { clientError } from '../../server/graphql/errors.ts';
import type { Place } from './place.ts';

/** An incident, with fields as in the schema. */
export interface IncidentRow {
  readonly id: string;
  readonly chatId: string;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly closeReason: string | null;
  readonly secondsOpen: number;
  readonly code: string;
  readonly severity: string;
  readonly verdict: string;
  readonly summary: string;
  readonly codes: string[];
  readonly workerIds: string[];
  readonly readings: number;
  /** Time of opening, with microseconds. */
  readonly openedAtText: string;
}

/** A stored bundle without its text. */
export interface BundleRow {
  readonly id: string;
  readonly incidentId: string;
  readonly at: Date;
  readonly why: string;
  readonly bytes: number;
}

export interface Conditions {
  /** Owner of the chats. Null: any. */
  readonly owner: string | null;
  readonly open: boolean | null;
  readonly chatId: string | null;
  readonly codes: readonly string[] | null;
  readonly after: Place | null;
  readonly limit: number;
}

const COLUMNS = `id, chat_id AS "chatId", opened_at AS "openedAt", closed_at AS "closedAt",
  close_reason AS "closeReason", code, severity, verdict, summary, codes, worker_ids AS "workerIds",
  extract(epoch FROM coalesce(closed_at, clock_timestamp()) - opened_at)::float8 AS "secondsOpen",
  readings::float8 AS readings,
  to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "openedAtText"`;

const LIST = `
  SELECT ${COLUMNS} FROM chat_debug_recorder.incidents
  WHERE ($1::uuid IS NULL OR owner_id = $1) AND ($2::boolean IS NULL OR (closed_at IS NULL) = $2)
    AND ($3::uuid IS NULL OR chat_id = $3) AND ($4::text[] IS NULL OR codes && $4)
    AND ($5::timestamptz IS NULL OR (opened_at, id) < ($5, $6::uuid))
  ORDER BY opened_at DESC, id DESC LIMIT $7`;

const BY_IDS = `
  SELECT ${COLUMNS} FROM chat_debug_recorder.incidents
  WHERE id = ANY ($1::uuid[]) AND ($2::uuid IS NULL OR owner_id = $2)`;

const OF_CHATS = `
  SELECT newest.* FROM unnest($1::uuid[]) AS asked (asked_id) CROSS JOIN LATERAL (
    SELECT ${COLUMNS} FROM chat_debug_recorder.incidents
    WHERE chat_id = asked_id AND ($2::uuid IS NULL OR owner_id = $2)
    ORDER BY incidents.opened_at DESC, incidents.id DESC LIMIT $3) newest`;

const BUNDLES = `
  SELECT id, incident_id AS "incidentId", taken_at AS at, why, bytes FROM chat_debug_recorder.incident_bundles
  WHERE incident_id = ANY ($1::uuid[]) ORDER BY taken_at, id`;

const BUNDLE = 'SELECT bundle::text AS text FROM chat_debug_recorder.incident_bundles WHERE id = $1::uuid';

export const listIncidents = (
  pool: Pool,
  { owner, open, chatId, codes, after, limit }: Conditions,
): Promise<IncidentRow[]> =>
  ask(pool, LIST, [owner, open, chatId, codes, after?.openedAt ?? null, after?.id ?? null, limit]);

export const incidentsById = (pool: Pool, ids: readonly string[], owner: string | null): Promise<IncidentRow[]> =>
  ask(pool, BY_IDS, [ids, owner]);

/** Newest incidents of each chat, newest first. */
export const incidentsOfChats = (
  pool: Pool,
  chatIds: readonly string[],
  owner: string | null,
  first: number,
): Promise<IncidentRow[]> => ask(pool, OF_CHATS, [chatIds, owner, first]);

export const bundlesOf = (pool: Pool, incidentIds: readonly string[]): Promise<BundleRow[]> =>
  ask(pool, BUNDLES, [incidentIds]);

/** JSON text of a bundle. Undefined: another has taken its place. */
export async function bundleText(pool: Pool, id: string): Promise<string | undefined> {
  const [row] = await ask<{ text: string }>(pool, BUNDLE, [id]);
  return row?.text;
}

/** Reason why incidents cannot be read, without addresses. Undefined: they can. */
export async function whyNotReady(pool: Pool): Promise<string | undefined> {
  try {
    await pool.query('SELECT term FROM chat_debug_recorder.recorder_lease, chat_debug_recorder.incidents LIMIT 1');
    return undefined;
  } catch (error) {
    return isMissing(error) ? MISSING : 'The database of incidents does not answer.';
  }
}

const MISSING = 'The database has no tables of incidents. Run `npm run migrate` with the settings of the recorder.';

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['42P01', '3F000', '42703'].includes(String(error.code));

/** @throws GraphQLError `DATABASE_UNAVAILABLE` or `SCHEMA_UNSUPPORTED` */
async function ask<R extends QueryResultRow>(pool: Pool, sql: string, values: unknown[]): Promise<R[]> {
  try {
    return (await pool.query<R>(sql, values)).rows;
  } catch (error) {
    if (isMissing(error)) throw clientError('SCHEMA_UNSUPPORTED', MISSING);
    throw clientError('DATABASE_UNAVAILABLE', 'The database of incidents does not answer. Try again in a moment.');
  }
}
