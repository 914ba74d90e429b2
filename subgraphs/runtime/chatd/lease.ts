/**
 * A runner's trust in its lease. Postgres decides who owns a chat; the local clock only says when to stop believing it.
 *
 * - Others may take a chat once its heartbeat, stamped by the database, is older than the stale time.
 * - A renewal is stamped after it was sent. An age counted from the sending is never less than the true one.
 * - The runner stops itself a margin before that age reaches the stale time, before anyone else may start.
 *
 * Pure: times are milliseconds of one monotonic clock.
 */
export interface Lease {
  /** Time at which the last successful renewal was sent, in milliseconds. */
  readonly renewedAtMs: number;
  /** The same time by the wall clock of this machine, for showing. */
  readonly renewedAt: Date;
  readonly consecutiveFailures: number;
  /** Reason of the last renewal's failure, in one word without content; null: it did not fail. */
  readonly lastError: string | null;
}

/** Part of the stale time that a runner needs to stop. */
const MARGIN = 0.1;

/** Seconds between two looks at leases, so that a runner is stopped within the first half of the margin. */
export const watchIntervalSeconds = (staleAfterSeconds: number): number =>
  Math.min(1, (staleAfterSeconds * MARGIN) / 2);

export const renewed = (sentAtMs: number, sentAt: Date): Lease => ({
  renewedAtMs: sentAtMs,
  renewedAt: sentAt,
  consecutiveFailures: 0,
  lastError: null,
});

export const notRenewed = (lease: Lease, lastError: string): Lease => ({
  ...lease,
  consecutiveFailures: lease.consecutiveFailures + 1,
  lastError,
});

/** True if the runner may still write at `nowMs`. */
export const isTrusted = (lease: Lease, staleAfterSeconds: number, nowMs: number): boolean =>
  nowMs - lease.renewedAtMs < staleAfterSeconds * 1000 * (1 - MARGIN);
