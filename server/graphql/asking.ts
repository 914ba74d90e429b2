/** The circumstances of a question to a subgraph, whichever way it goes. */
import type { StopSignal } from '../../common/stopSignal.ts';
import type { Caller } from '../tokens/internalToken.ts';

/** Caller, request, and the time until which the answer is of use. */
export interface Asking {
  readonly caller: Caller;
  readonly requestId?: string | undefined;
  readonly signal?: StopSignal | undefined;
}
