/** What the router did for one request: shown to the client that asks for it, and written to the log. */

import type { BreakerState } from './ask/replicaGuard.ts';
import type { ReachabilityStatus } from './outcome.ts';

/** One share of one fetch, at one replica. */
export interface RoutingEntry {
  readonly replicaId: string;
  /** The chats that it was asked about; none when it was asked about itself. */
  readonly chatIds: readonly string[];
  readonly status: ReachabilityStatus;
  /** Requests that were sent: 0 to 2; up to twice that to a replica of an earlier version. */
  readonly attempts: number;
  /** Milliseconds; 0 when nothing was sent. */
  readonly elapsedMs: number;
  /** After it was asked. */
  readonly breaker: BreakerState;
  /** Milliseconds since the replica table was last read; null: it never was. */
  readonly directoryAgeMs: number | null;
  /** Only for callers who may see it; null: not known. */
  readonly address?: string | null;
}
