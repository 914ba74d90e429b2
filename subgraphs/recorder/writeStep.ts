/** Each step of an incident, written in one statement that names the term of the lease. */
import type { Pool } from 'pg';
import { statusOf } from '../../domain/incidents/alert.ts';
import type { BundleReason, Noted, Step } from '../../domain/incidents/step.ts';
import { alertedJson } from './alerts/alertedSql.ts';
import type { KnownIncident } from './incidents.ts';
import { FENCE, LeaseLost, type Term } from './lease.ts';

/** A bundle to be stored, as JSON text. */
interface StoredBundle {
  readonly why: BundleReason;
  readonly text: string;
}

/** Chat whose incident a step is about. */
interface Whose {
  readonly chatId: string;
  readonly ownerId: string | null;
  /** Newest incident; undefined: none. */
  readonly incident: KnownIncident | undefined;
}

/** What becomes of the bundle that a step is to have. */
export interface Bundled {
  /** Undefined: none is stored now. */
  readonly stored?: StoredBundle;
  /** Reason of one that a later round is to take. */
  readonly owed?: BundleReason;
}

const INCIDENTS = 'chat_debug_recorder.incidents';

/** Stores the bundle `$3` to `$5` of the incident that `changed` names, in place of an earlier one of the same reason. */
const STORE = `
  INSERT INTO chat_debug_recorder.incident_bundles (incident_id, why, bytes, bundle)
  SELECT id, $3::text, $4::int, $5::json FROM changed WHERE $3::text IS NOT NULL
  ON CONFLICT (incident_id, why) DO UPDATE
  SET id = EXCLUDED.id, taken_at = EXCLUDED.taken_at, bytes = EXCLUDED.bytes, bundle = EXCLUDED.bundle`;

/** Keeps what the webhook is to be told of it, with the status `$7`. */
const TELL = `
  INSERT INTO chat_debug_recorder.deliveries (incident_id, status, incident)
  SELECT id, $7::text, ${alertedJson('changed')} FROM changed WHERE $7::text IS NOT NULL`;

/** Statements of a step: with what the webhook is to be told, and without, for a role without rights on that. */
interface Statements {
  readonly told: string;
  readonly untold: string;
}

/** @param change returns the incident and reads `fence`. Its values begin with `$6`, the bundle that is owed */
function statement(change: string): Statements {
  const begin = `WITH ${FENCE}, changed AS (${change} RETURNING ${INCIDENTS}.*), stored AS (${STORE})`;
  const end = 'SELECT (SELECT count(*) FROM fence)::int AS fenced, $7::text AS told';
  return { told: `${begin}, told AS (${TELL}) ${end}`, untold: `${begin} ${end}` };
}

const OPEN = statement(`
  INSERT INTO ${INCIDENTS} (bundle_owed, chat_id, owner_id, code, severity, verdict, summary, codes, worker_ids)
  SELECT $6::text, $8::uuid, $9::uuid, $10, $11, $12, $13, $14::text[], $15::uuid[] FROM fence
  ON CONFLICT (chat_id) WHERE closed_at IS NULL DO NOTHING`);
const NOTE = statement(`
  UPDATE ${INCIDENTS} SET bundle_owed = $6::text, owner_id = $9::uuid, code = $10, severity = $11, verdict = $12,
    summary = $13, codes = $14::text[], worker_ids = $15::uuid[], readings = readings + 1, well_readings = 0,
    closed_at = NULL, close_reason = NULL
  FROM fence WHERE id = $8::uuid`);
const WELL_ONCE = statement(`
  UPDATE ${INCIDENTS} SET bundle_owed = $6::text, readings = readings + 1, well_readings = well_readings + 1
  FROM fence WHERE id = $8::uuid AND closed_at IS NULL`);
const CLOSE = statement(`
  UPDATE ${INCIDENTS} SET bundle_owed = $6::text, readings = readings + 1, closed_at = clock_timestamp(),
    close_reason = $9
  FROM fence WHERE id = $8::uuid AND closed_at IS NULL`);

/** What a step is written with. */
interface Beside {
  readonly bundled?: Bundled | undefined;
  /** True if the webhook is told of it. */
  readonly tellsWebhook?: boolean;
}

/**
 * Writes a step, with its bundle and what the webhook is to be told, if there is any.
 * @throws LeaseLost if the term is over; nothing is written then
 */
export async function writeStep(
  pool: Pool,
  { holder, number }: Term,
  whose: Whose,
  step: Step,
  { bundled: { stored, owed } = {}, tellsWebhook = false }: Beside = {},
): Promise<void> {
  const change = changeOf(step, whose);
  if (!change) return;
  const [{ told, untold }, values] = change;
  const bundle = stored ? [stored.why, Buffer.byteLength(stored.text), stored.text] : [null, null, null];
  const status = (tellsWebhook && statusOf(step)) || null;
  const all = [holder, number, ...bundle, owed ?? null, status, ...values];
  const { rows } = await pool.query<{ fenced: number }>(status ? told : untold, all);
  if (rows[0]?.fenced !== 1) throw new LeaseLost('The term is over: another recorder holds the lease, or nobody does');
}

function changeOf(step: Step, { chatId, ownerId, incident }: Whose): [Statements, values: unknown[]] | undefined {
  switch (step.kind) {
    case 'none':
      return undefined;
    case 'open':
      return [OPEN, [chatId, ownerId, ...notedValues(step.noted)]];
    case 'note':
      return [NOTE, [incident?.id, ownerId, ...notedValues(step.noted)]];
    case 'wellOnce':
      return [WELL_ONCE, [incident?.id]];
    case 'close':
      return [CLOSE, [incident?.id, step.reason]];
    default:
      return step satisfies never;
  }
}

/** Text without the one character that Postgres cannot store. A tool may have it in its name. */
const storable = (text: string) => text.replaceAll('\0', '\ufffd');

const notedValues = ({ code, severity, verdict, summary, codes, workerIds }: Noted) => [
  ...[code, severity, verdict, storable(summary), codes, workerIds],
];
