/** The renewal of all leases of a worker: what becomes of each runner, and when it is tried again. */
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../server/log.ts';
import { renewLeases } from './heartbeats.ts';
import { type Lease, notRenewed, renewed } from './lease.ts';
import type { Runner } from './runner.ts';

/** Milliseconds after which leases that were not all renewed on a new connection are tried again; then twice as long, and so on. */
const AGAIN_MS = 250;

interface LeaseRenewalOptions {
  readonly pool: Pool;
  readonly workerId: string;
  readonly heartbeatIntervalSeconds: number;
  /** Called when a renewal is due before the interval is over. */
  readonly again: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export const leaseFromNow = (clock: Clock): Lease => renewed(clock.monotonicMs(), clock.now());

export class LeaseRenewal {
  readonly #options: LeaseRenewalOptions;
  /** Milliseconds before the next renewal, if this one is not whole. As long as the interval, or longer: the interval counts. */
  #againMs = Number.POSITIVE_INFINITY;

  constructor(options: LeaseRenewalOptions) {
    this.#options = options;
  }

  /**
   * Notes a new connection. A crash of Postgres may have emptied the table, and a lease that is locked for a moment, or whose
   * connection is dead, must be restored before others may take its chat.
   */
  connected(): void {
    this.#againMs = AGAIN_MS;
  }

  /** @throws the failure of the renewal; leases that could be renewed are renewed */
  async renew(runners: readonly Runner[]): Promise<void> {
    const { pool, workerId, clock } = this.#options;
    const lease = leaseFromNow(clock);
    const renewal = await renewLeases(pool, workerId, runners);
    for (const runner of runners) {
      const reason = renewal.failed.get(runner.runnerId);
      if (renewal.renewed.has(runner.runnerId)) runner.lease = lease;
      else if (reason !== undefined) this.#notRenewed(runner, reason);
      else runner.lose('the chat names another runner');
    }
    if (renewal.failed.size > 0 || renewal.failure) this.#tryAgain();
    else this.#againMs = Number.POSITIVE_INFINITY;
    if (renewal.failure) throw renewal.failure;
  }

  #notRenewed(runner: Runner, reason: string): void {
    runner.lease = notRenewed(runner.lease, reason);
    const { consecutiveFailures } = runner.lease;
    const { chatId } = runner;
    this.#options.log.warn({ chatId, reason, consecutiveFailures }, 'a lease was not renewed');
  }

  #tryAgain(): void {
    const { clock, heartbeatIntervalSeconds, again } = this.#options;
    if (this.#againMs >= heartbeatIntervalSeconds * 1000) return;
    void clock.sleep(this.#againMs).then(again);
    this.#againMs *= 2;
  }
}
