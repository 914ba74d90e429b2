/**
 * Alerts for an Alertmanager. It is told everything again and again, and what it is not told ends by itself. So nothing
 * need be kept of what was told. Grouping, silences and pages are its work.
 */
import type { Pool } from 'pg';
import { type Alerted, type ApiAlert, activeAlert, incidentAlert } from '../../../domain/incidents/alert.ts';
import type { RecorderMetrics } from '../metrics.ts';
import { alertedJson, momentText } from './alertedSql.ts';
import { NotTaken, type Poster } from './post.ts';

/** Seconds between two posts. */
export const POST_INTERVAL_SECONDS = 60;
/** Seconds after which an alert ends that is not posted again: two posts may be lost. */
const LASTS_SECONDS = 180;
/** Seconds for which the end of an incident is posted again. */
const CLOSED_FOR_SECONDS = 300;
/** Alerts of one post. */
const AT_ONCE = 500;

const STATE = `
  SELECT ${momentText('clock_timestamp()')} AS now,
    ${momentText(`clock_timestamp() + interval '${LASTS_SECONDS} seconds'`)} AS until,
    coalesce((
      SELECT json_agg(${alertedJson('incident')} ORDER BY incident.opened_at, incident.id)
      FROM chat_debug_recorder.incidents AS incident
      WHERE closed_at IS NULL OR closed_at > clock_timestamp() - interval '${CLOSED_FOR_SECONDS} seconds'), '[]'
    ) AS incidents`;

interface State {
  /** Times by the clock of the database. */
  readonly now: string;
  readonly until: string;
  readonly incidents: readonly Alerted[];
}

interface AlertmanagerOptions {
  readonly pool: Pool;
  /** Address of the Alertmanager, with its path prefix. */
  readonly url: string;
  readonly publicUrl: string | undefined;
  readonly poster: Poster;
  readonly metrics: Pick<RecorderMetrics, 'alert'>;
  /** True while this recorder may tell. It is asked before each post. */
  readonly isActive: () => boolean;
  /** True unless its last round failed: then no trouble is noted, as if no recorder were active. */
  readonly isNoting: () => boolean;
}

/** An alert, and what tells it from what was posted before. */
interface Told {
  readonly id: string;
  readonly state: string;
  readonly alert: ApiAlert;
}

/**
 * Makes the post of all alerts. It resolves to true if the Alertmanager took any, and throws NotTaken if it did not take
 * all. A part that it refuses keeps none of the others from it.
 */
export function tellingAlertmanager(options: AlertmanagerOptions): () => Promise<boolean> {
  const { pool, publicUrl, poster, metrics, isActive, isNoting } = options;
  const url = `${options.url.replace(/\/+$/, '')}/api/v2/alerts`;
  let before = new Map<string, string>();
  return async () => {
    const { rows } = await pool.query<State>(STATE);
    const all = rows.flatMap((state) => [...(isNoting() ? [activeOf(state)] : []), ...incidentsOf(state, publicUrl)]);
    const taken = new Map<string, string>();
    let firstFailure: string | undefined;
    for (let from = 0; from < all.length; from += AT_ONCE) {
      if (!isActive()) return false;
      const part = all.slice(from, from + AT_ONCE);
      const failure = await poster.post(url, JSON.stringify(part.map(({ alert }) => alert)), { refusesHtml: true });
      for (const { id, state } of part) {
        metrics.alert('alertmanager', failure ? 'failed' : before.get(id) === state ? 'repeated' : 'sent');
        const last = failure ? before.get(id) : state;
        if (last !== undefined) taken.set(id, last);
      }
      firstFailure ??= failure;
    }
    before = taken;
    if (firstFailure) throw new NotTaken(firstFailure);
    return all.length > 0;
  };
}

const activeOf = ({ now, until }: State): Told => ({ id: 'active', state: '', alert: activeAlert(now, until) });

const incidentsOf = ({ now, until, incidents }: State, publicUrl: string | undefined): Told[] =>
  incidents.map((incident) => ({
    ...{ id: incident.id, state: incident.closedAt ?? '' },
    alert: incidentAlert({ ...incident, closedAt: notAfter(now, incident.closedAt) }, until, publicUrl),
  }));

/** Time of an end that is not ahead: an alert fires until it ends, also one that ended before the clock was set back. */
const notAfter = (now: string, closedAt: string | null) => (closedAt !== null && closedAt > now ? now : closedAt);
