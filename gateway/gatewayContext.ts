/** What the gateway knows of a request while it answers it. */
import type { RoutingContext } from './routingContext.ts';

export interface GatewayContext extends RoutingContext {
  /** The `x-request-id` of the response. */
  readonly requestId: string;
  /** How the request is answered, once that is planned. */
  queryPlan?: unknown;
}
