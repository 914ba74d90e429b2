/** What the gateway knows of a request while it answers it. */
import type { RequestRecord } from './http/requestRecord.ts';
import type { RoutingContext } from './routing/routingContext.ts';

/** What a query is estimated to cost. */
export interface QueryCost {
  /** Whole, from 0. What 1 stands for: see `queryCost.ts`. */
  readonly estimated: number;
  /** `MAX_COST`. */
  readonly limit: number;
}

export interface GatewayContext extends RoutingContext {
  /** For the line of the log about it. */
  readonly record: RequestRecord;
  /** How the request is answered, once that is planned. */
  queryPlan?: unknown;
  /** Undefined: the query is refused anyway, or nobody but the gateway itself asks. */
  readonly cost?: QueryCost | undefined;
}
