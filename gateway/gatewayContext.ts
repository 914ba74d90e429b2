/** What the gateway knows of a request while it answers it. */
import type { Caller } from '../common/internalToken.ts';

export interface GatewayContext {
  readonly caller: Caller;
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
  /** The `x-request-id` of the response. */
  readonly requestId: string;
}
