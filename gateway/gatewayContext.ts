/** What the gateway knows of a request while it answers it. */

import type { RoutingContext } from '../routing/ask/routingContext.ts';
import { type Caller, READ_ALL } from '../server/tokens/internalToken.ts';
import type { RequestRecord } from './http/requestRecord.ts';
import type { CheckedQuery } from './queries/queryLimits.ts';

export interface GatewayContext extends RoutingContext {
  /** For the line of the log about it. */
  readonly record: RequestRecord;
  /** The query. Undefined: it is refused anyway, or nobody but the gateway itself asks. */
  readonly checked?: CheckedQuery | undefined;
}

/** Who asks when nobody but the gateway itself does. */
export const OWN_CALLER: Caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };
