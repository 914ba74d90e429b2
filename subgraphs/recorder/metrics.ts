/** Metrics of the recorder. No label holds an id. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Judged } from '../../domain/incidents/reading.ts';
import type { OpenIncident } from './incidents.ts';

/** Receiver of alerts. */
type AlertReceiver = 'alertmanager' | 'webhook';
/**
 * Outcome of telling an alert to a receiver.
 *
 * - `sent`: it was taken.
 * - `repeated`: it was taken, and may have been taken before.
 * - `failed`: it was not taken, and will be tried again.
 * - `lost`: it was not taken, and is given up.
 */
type AlertOutcome = 'sent' | 'repeated' | 'failed' | 'lost';

export interface RecorderMetrics {
  /** Counts a reading of one chat. */
  read(word: Judged['kind'] | 'gone'): void;
  bundle(outcome: 'taken' | 'too_large' | 'not_answered'): void;
  round(outcome: 'done' | 'failed'): void;
  alert(to: AlertReceiver, outcome: AlertOutcome): void;
  /** Notes the incidents that are open. */
  open(incidents: readonly OpenIncident[]): void;
}

/** What is asked at each scrape. */
interface Now {
  /** True if this recorder holds the lease. */
  readonly isActive: () => boolean;
  /** True if it hears of changes of chats. */
  readonly isListening: () => boolean;
}

export function makeRecorderMetrics(registry: Registry, { isActive, isListening }: Now): RecorderMetrics {
  const registers = [registry];
  new Gauge({
    ...{ name: 'chat_debug_recorder_active', help: '1 if this recorder holds the lease and writes, else 0', registers },
    collect() {
      this.set(isActive() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'chat_debug_recorder_listening',
    help: '1 if this recorder hears of changes of chats at once, 0 if it reads on its interval alone',
    registers,
    collect() {
      this.set(isListening() ? 1 : 0);
    },
  });
  const rounds = new Counter({
    name: 'chat_debug_recorder_rounds_total',
    help: 'Rounds of this recorder, by outcome (done, failed)',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['done', 'failed']) rounds.inc({ outcome }, 0); // an alert must see that none is done
  const readings = new Counter({
    name: 'chat_debug_recorder_readings_total',
    help: 'Readings of one chat by what they said (trouble, well, unclear, gone)',
    labelNames: ['word'],
    registers,
  });
  const bundles = new Counter({
    name: 'chat_debug_recorder_bundles_total',
    help: 'Bundles of incidents by outcome (taken, too_large, not_answered)',
    labelNames: ['outcome'],
    registers,
  });
  const alerts = new Counter({
    name: 'chat_debug_alerts_total',
    help: 'Alerts told by receiver (alertmanager, webhook) and outcome (sent, repeated, failed, lost)',
    labelNames: ['to', 'outcome'],
    registers,
  });
  for (const to of ['alertmanager', 'webhook'])
    for (const outcome of ['sent', 'repeated', 'failed', 'lost']) alerts.inc({ to, outcome }, 0); // rules do not see an increase from nothing
  const open = new Gauge({
    name: 'chat_debug_incidents_open',
    help: 'Open incidents by the code of their root cause, as of the last round of the active recorder',
    labelNames: ['code'],
    registers,
    collect() {
      if (!isActive()) this.reset();
    },
  });
  const oldest = new Gauge({
    name: 'chat_debug_incident_oldest_seconds',
    help: 'Age of the oldest open incident in seconds, as of the last round of the active recorder; 0: none is open',
    registers,
    collect() {
      if (!isActive()) this.set(0);
    },
  });
  return {
    read: (word) => readings.inc({ word }),
    bundle: (outcome) => bundles.inc({ outcome }),
    alert: (to, outcome) => alerts.inc({ to, outcome }),
    round: (outcome) => rounds.inc({ outcome }),
    open: (incidents) => {
      open.reset();
      for (const { code } of incidents) open.inc({ code });
      oldest.set(Math.max(0, ...incidents.map(({ secondsOpen }) => secondsOpen)));
    },
  };
}
