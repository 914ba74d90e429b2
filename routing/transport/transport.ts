/** One way to ask a subgraph, wherever it runs: over HTTP or in this process. */
import type { StopSignal } from '../../common/stopSignal.ts';
import type { GraphqlBody } from '../../server/graphql/question.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';

/** Circumstances of a question: the caller, the request, and the time until which the answer is of use. */
export interface Asking {
  readonly caller: Caller;
  readonly requestId?: string | undefined;
  readonly signal?: StopSignal | undefined;
  /** Way on which the request came, as its client says; undefined: it does not say. */
  readonly via?: string | undefined;
}

/** Header in which a client, and then the gateway, says on which way a request came. */
export const VIA_HEADER = 'x-chat-debug-via';

/** True if a question of a plan may change something. Plans begin with the kind of the operation. */
export const isMutation = ({ query }: GraphqlBody): boolean => query.startsWith('mutation');

/** Reply of a subgraph. `OK`: JSON of any content. `what` names it for a log, without an address or its content. */
export type Reply =
  | {
      readonly status: 'OK';
      /** Status of HTTP. */
      readonly httpStatus: number;
      /** Value of JSON. Belongs to the one who asked. */
      readonly body: unknown;
      readonly what: string;
    }
  | { readonly status: 'UNREACHABLE' | 'TIMED_OUT' | 'BAD_ANSWER'; readonly what: string };

/** Asks one subgraph. Never rejects. Resolves at once when the signal aborts, and soon after a time limit of its own. */
export type Transport<A extends Asking = Asking> = (question: GraphqlBody, asking: A) => Promise<Reply>;

/** Nobody waits any more. */
export const TIMED_OUT: Reply = { status: 'TIMED_OUT', what: 'no answer in time' };
export const TOO_LARGE: Reply = { status: 'BAD_ANSWER', what: 'more bytes than are read' };
