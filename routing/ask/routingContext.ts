/** The router's facts on a client's request, one object for all the fetches of its plan. */
import type { Clock } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import type { ReachabilityStatus } from '../transport/status.ts';
import type { BreakerState } from './replicaGuard.ts';

export interface RoutingContext {
  readonly caller: Caller;
  /** Header `x-request-id` of the response. Passed on, so that the logs of the subgraphs have it, too. */
  readonly requestId: string;
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: StopSignal;
  /** Way on which the request came, as its client says. */
  readonly via?: string | undefined;
  readonly budget: Budget;
  /** Questions so far. The router adds to them; clients that ask for them are shown them. */
  readonly asked: RoutingEntry[];
}

/** The time that all questions to replicas of one client's request have together, second tries included. */
interface Budget {
  /** Milliseconds; all of them on the first call, which starts the clock. Never negative. */
  leftMs(): number;
}

/** One share of one fetch, at one replica. */
export interface RoutingEntry {
  readonly replicaId: string;
  /** Chats that it was asked about. None: it was asked about itself. */
  readonly chatIds: readonly string[];
  readonly status: ReachabilityStatus;
  /** Requests that were sent: 0 to 2; more to a replica of an earlier version, and until its language is known. */
  readonly attempts: number;
  /** Milliseconds; 0 when nothing was sent. */
  readonly elapsedMs: number;
  /** State after it was asked. */
  readonly breaker: BreakerState;
  /** Milliseconds since the replica table was last read. Null: it never was. */
  readonly directoryAgeMs: number | null;
  /** Only for callers who may see it. Null: not known. */
  readonly address?: string | null;
}

export function makeBudget(timeoutMs: number, clock: Clock): Budget {
  let begunMs: number | undefined;
  return {
    leftMs: () => {
      begunMs ??= clock.monotonicMs();
      return Math.max(0, begunMs + timeoutMs - clock.monotonicMs());
    },
  };
}
