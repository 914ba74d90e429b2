/** What goes with a question to a subgraph, whichever way it goes. */
import type { StopSignal } from '../../common/stopSignal.ts';
import type { Caller } from '../tokens/internalToken.ts';

/** On whose behalf, as part of which request, and until when it is of use. */
export interface Asking {
  readonly caller: Caller;
  readonly requestId?: string | undefined;
  readonly signal?: StopSignal | undefined;
}
