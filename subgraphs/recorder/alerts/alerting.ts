/** Alerts of the active recorder: to an Alertmanager, to a webhook, to both or to nobody. */
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../server/log.ts';
import { type Loop, startLoop } from '../../../server/loop.ts';
import { type Lease, LeaseLost } from '../lease.ts';
import type { RecorderMetrics } from '../metrics.ts';
import { POST_INTERVAL_SECONDS, tellingAlertmanager } from './alertmanager.ts';
import { NotTaken, openPoster } from './post.ts';
import { DELIVERY_INTERVAL_SECONDS, deliverDue, type Webhook } from './webhook.ts';

/** Receivers of alerts. Unset: none of this kind. */
export interface Receivers {
  readonly alertmanagerUrl?: string | undefined;
  readonly webhook?: Webhook | undefined;
  /** Address of the gateway for people, for links. Unset: alerts have none. */
  readonly publicUrl?: string | undefined;
}

interface AlertingOptions extends Receivers {
  readonly pool: Pool;
  readonly lease: Lease;
  readonly metrics: RecorderMetrics;
  /** True unless the last round of this recorder failed. */
  readonly isNoting: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Alerting {
  /** Tells what has changed, without waiting for the interval. */
  wake(): void;
  /** Sentences on receivers that did not take the last alerts; undefined: all did. */
  trouble(): string | undefined;
  /** Tells nothing more. */
  stop(): Promise<void>;
}

export function startAlerting(options: AlertingOptions): Alerting {
  const { pool, lease, metrics, isNoting, publicUrl, clock, log } = options;
  const poster = openPoster();
  const stopping = new AbortController();
  const shared = { pool, publicUrl, poster, metrics };
  const isActive = () => lease.term !== undefined && !stopping.signal.aborted;
  const loops: Loop[] = [];
  /** Failures by receiver, each until that receiver takes something. */
  const failures = new Map<string, string>();
  const start = (name: string, intervalSeconds: number, tell: () => Promise<boolean>) => {
    const work = async () => {
      if (!isActive()) return;
      try {
        if (await tell()) failures.delete(name);
      } catch (error) {
        failures.set(name, nameOf(error));
        throw error;
      }
    };
    loops.push(startLoop({ name, intervalSeconds, work, nameOf, clock, log }));
  };
  if (options.alertmanagerUrl !== undefined) {
    const tell = tellingAlertmanager({ ...shared, url: options.alertmanagerUrl, isActive, isNoting });
    start('Alertmanager', POST_INTERVAL_SECONDS, tell);
  }
  const { webhook } = options;
  if (webhook) {
    const term = () => lease.term;
    start('webhook', DELIVERY_INTERVAL_SECONDS, () =>
      deliverDue({ ...shared, ...webhook, term, signal: stopping.signal }),
    );
  }
  return {
    wake: () => {
      for (const loop of loops) loop.wake();
    },
    trouble: () => {
      if (!lease.term || failures.size === 0) return undefined;
      return [...failures].map(([name, failure]) => `The ${name} did not take the last alerts (${failure}).`).join(' ');
    },
    stop: async () => {
      stopping.abort();
      const ended = loops.map((loop) => loop.stop());
      await poster.close(); // nobody waits for an answer
      await Promise.all(ended);
    },
  };
}

/** Names a failure in one word, without content. */
function nameOf(error: unknown): string {
  if (error instanceof NotTaken) return error.code;
  return error instanceof LeaseLost ? 'LEASE_LOST' : 'DATABASE';
}
