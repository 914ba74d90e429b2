/** What the gateway knows of a request while it answers it. */
import type { RequestRecord } from './requestRecord.ts';
import type { RoutingContext } from './routingContext.ts';

export interface GatewayContext extends RoutingContext {
  /** For the line of the log about it. */
  readonly record: RequestRecord;
  /** How the request is answered, once that is planned. */
  queryPlan?: unknown;
}
