/** What the gateway knows of a request while it answers it. */
import { type Caller, READ_ALL } from '../common/internalToken.ts';
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
  /** Undefined: the query is refused anyway, or nobody but the gateway itself asks. */
  readonly cost?: QueryCost | undefined;
}

/** Who asks when nobody but the gateway itself does. */
export const OWN_CALLER: Caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };
