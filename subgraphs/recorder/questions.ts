/** Questions of readers about incidents. Each is narrowed to what the caller may read. */
import type { Pool, QueryResultRow } from 'pg';
import type { ListPlace } from '../../server/graphql/listPlaces.ts';
import type { Logger } from '../../server/log.ts';
import { databaseError, databaseTrouble } from './databaseTrouble.ts';

/** The database of incidents, as readers ask it. */
export interface Readers {
  readonly pool: Pool;
  /** Log that is told why a question was not answered. */
  readonly log: Logger;
}

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

interface Conditions {
  /** Owner of the chats. Null: any. */
  readonly owner: string | null;
  readonly open: boolean | null;
  readonly chatId: string | null;
  readonly codes: readonly string[] | null;
  readonly after: ListPlace | null;
  readonly limit: number;
}

const COLUMNS = `id, chat_id AS "chatId", opened_at AS "openedAt", closed_at AS "closedAt",
  close_reason AS "closeReason", code, severity, verdict, summary, codes, worker_ids AS "workerIds",
  extract(epoch FROM coalesce(closed_at, clock_timestamp()) - opened_at)::float8 AS "secondsOpen",
  readings::float8 AS readings,
  to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "openedAtText"`;

/**
 * Condition on what the owner `$n` may read; null: everything.
 * Once an incident says that its chat was deleted, the incidents of that chat are for callers with the role alone.
 */
const readable = (owner: string) => `(${owner}::uuid IS NULL OR owner_id = ${owner} AND NOT EXISTS (
    SELECT FROM chat_debug_recorder.incidents AS last
    WHERE last.chat_id = incidents.chat_id AND last.close_reason = 'DELETED'))`;

const LIST = `
  SELECT ${COLUMNS} FROM chat_debug_recorder.incidents
  WHERE ${readable('$1')} AND ($2::boolean IS NULL OR (closed_at IS NULL) = $2)
    AND ($3::uuid IS NULL OR chat_id = $3) AND ($4::text[] IS NULL OR codes && $4)
    AND ($5::timestamptz IS NULL OR (opened_at, id) < ($5, $6::uuid))
  ORDER BY opened_at DESC, id DESC LIMIT $7`;

const BY_IDS = `
  SELECT ${COLUMNS} FROM chat_debug_recorder.incidents
  WHERE id = ANY ($1::uuid[]) AND ${readable('$2')}`;

const OF_CHATS = `
  SELECT newest.* FROM unnest($1::uuid[]) AS asked (asked_id) CROSS JOIN LATERAL (
    SELECT ${COLUMNS} FROM chat_debug_recorder.incidents
    WHERE chat_id = asked_id AND ${readable('$2')}
    ORDER BY incidents.opened_at DESC, incidents.id DESC LIMIT $3) newest`;

const BUNDLES = `
  SELECT id, incident_id AS "incidentId", taken_at AS at, why, bytes FROM chat_debug_recorder.incident_bundles
  WHERE incident_id = ANY ($1::uuid[]) ORDER BY taken_at, id`;

const BUNDLE = 'SELECT bundle::text AS text FROM chat_debug_recorder.incident_bundles WHERE id = $1::uuid';

export const listIncidents = (
  readers: Readers,
  { owner, open, chatId, codes, after, limit }: Conditions,
): Promise<IncidentRow[]> =>
  ask(readers, LIST, [owner, open, chatId, codes, after?.at ?? null, after?.id ?? null, limit]);

export const incidentsById = (readers: Readers, ids: readonly string[], owner: string | null): Promise<IncidentRow[]> =>
  ask(readers, BY_IDS, [ids, owner]);

/** Newest incidents of each chat, newest first. */
export const incidentsOfChats = (
  readers: Readers,
  chatIds: readonly string[],
  owner: string | null,
  first: number,
): Promise<IncidentRow[]> => ask(readers, OF_CHATS, [chatIds, owner, first]);

export const bundlesOf = (readers: Readers, incidentIds: readonly string[]): Promise<BundleRow[]> =>
  ask(readers, BUNDLES, [incidentIds]);

/** JSON text of a bundle. Undefined: another has taken its place. */
export async function bundleText(readers: Readers, id: string): Promise<string | undefined> {
  const [row] = await ask<{ text: string }>(readers, BUNDLE, [id]);
  return row?.text;
}

const READABLE = `
  SELECT (SELECT count(term) FROM chat_debug_recorder.recorder_lease)::int AS leases,
    (SELECT bundle_owed FROM chat_debug_recorder.incidents LIMIT 1)`;
/** Words where a copy of the tables came without their rows: then no recorder is ever active, and none fails. */
const NO_ROW =
  'No incident is noted: the table of the lease has no row, so that no recorder can take it. Run `INSERT INTO chat_debug_recorder.recorder_lease DEFAULT VALUES`.';

/** Reason why incidents cannot be read or noted, without addresses. Undefined: they can. */
export async function whyNotReadable(pool: Pool): Promise<string | undefined> {
  try {
    const { rows } = await pool.query<{ leases: number }>(READABLE);
    if (rows[0]?.leases === 0) return NO_ROW;
    return undefined;
  } catch (error) {
    return databaseTrouble(error);
  }
}

/** @throws GraphQLError with words for a client; the log has the rest */
async function ask<R extends QueryResultRow>({ pool, log }: Readers, sql: string, values: unknown[]): Promise<R[]> {
  try {
    return (await pool.query<R>(sql, values)).rows;
  } catch (error) {
    log.warn({ err: error, reason: databaseTrouble(error) }, 'incidents could not be read');
    throw databaseError(error);
  }
}
