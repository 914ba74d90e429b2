/** What the router knows of a client's request: one for all the fetches that its plan makes. */

import type { Clock } from '../common/clock.ts';
import type { StopSignal } from '../common/stopSignal.ts';
import type { Caller } from '../server/tokens/internalToken.ts';
import type { RoutingEntry } from './routingReport.ts';

export interface RoutingContext {
  readonly caller: Caller;
  /** The `x-request-id` of the response; passed on, so that the logs of the subgraphs have it, too. */
  readonly requestId: string;
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: StopSignal;
  readonly budget: Budget;
  /** What was asked so far; the router adds to it. */
  readonly asked: RoutingEntry[];
}

/** The time that all questions to replicas of one client's request have together, second tries included. */
export interface Budget {
  /** Milliseconds; all of them on the first call, which starts the clock. Never negative. */
  leftMs(): number;
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
