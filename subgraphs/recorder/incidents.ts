/** Incidents in the database, as a round needs them. */
import type { Pool } from 'pg';
import type { Severity, Verdict } from '../../domain/diagnosis/diagnosis.ts';
import type { FindingCode } from '../../domain/diagnosis/rules.ts';
import type { BundleReason, BundlesSoFar, Incident } from '../../domain/incidents/step.ts';

/** Newest incident of a chat, with its id. */
export interface KnownIncident extends Incident, BundlesSoFar {
  readonly id: string;
  readonly chatId: string;
}

/** Open incidents, as metrics tell them. */
export interface OpenIncident {
  readonly chatId: string;
  readonly code: string;
  readonly secondsOpen: number;
}

export async function openIncidents(pool: Pool): Promise<OpenIncident[]> {
  const { rows } = await pool.query<OpenIncident>(
    `SELECT chat_id AS "chatId", code, extract(epoch FROM clock_timestamp() - opened_at)::float8 AS "secondsOpen"
     FROM chat_debug_recorder.incidents WHERE closed_at IS NULL ORDER BY opened_at, id`,
  );
  return rows;
}

interface Row {
  readonly id: string;
  readonly chatId: string;
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly verdict: Verdict;
  readonly summary: string;
  readonly codes: FindingCode[];
  readonly workerIds: string[];
  readonly wellReadings: number;
  readonly secondsClosed: number | null;
  readonly bundleOwed: BundleReason | null;
  readonly isBundled: boolean;
}

/** Newest incident of each chat that has one: an open one, else the one that was closed last. */
export async function newestIncidents(pool: Pool, chatIds: readonly string[]): Promise<Map<string, KnownIncident>> {
  const { rows } = await pool.query<Row>(
    `SELECT newest.* FROM unnest($1::uuid[]) AS asked (chat_id) CROSS JOIN LATERAL (
       SELECT id, chat_id AS "chatId", code, severity, verdict, summary, codes, worker_ids AS "workerIds",
         well_readings AS "wellReadings", bundle_owed AS "bundleOwed",
         extract(epoch FROM clock_timestamp() - closed_at)::float8 AS "secondsClosed",
         EXISTS (SELECT FROM chat_debug_recorder.incident_bundles WHERE incident_id = incidents.id) AS "isBundled"
       FROM chat_debug_recorder.incidents WHERE incidents.chat_id = asked.chat_id
       ORDER BY closed_at DESC NULLS FIRST LIMIT 1) newest`,
    [chatIds],
  );
  return new Map(rows.map((row) => [row.chatId, row]));
}
