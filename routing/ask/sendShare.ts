/** One share of a list of entities on its way to a replica and back: within its places, a second time if it is slow. */
import type { GraphQLSchema } from 'graphql';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import { NOT_AN_ALLOWED_ADDRESS } from '../../domain/reachabilityReasons.ts';
import type { GraphqlBody } from '../../server/graphql/question.ts';
import { overHttp } from '../transport/overHttp.ts';
import type { Reply } from '../transport/transport.ts';
import { ADDRESS_NOT_ALLOWED } from './addressPolicy.ts';
import { hedged } from './hedge.ts';
import type { ProtocolFetch } from './protocolQuestions.ts';
import { readReplicaAnswer } from './replicaAnswer.ts';
import type { RoutingContext } from './routingContext.ts';
import { type Share, type ShareAnswer, withoutAnswer } from './share.ts';
import type { Slots } from './slots.ts';

export interface SendOptions {
  /** Connects only to where a replica may be. */
  readonly dispatcher: Dispatcher;
  readonly internalSecret: string;
  /** Shared key of workers that speak the protocol. Undefined: they are asked with tokens, as replicas are. */
  readonly runtimeKey?: string | undefined;
  /** Milliseconds that the budget of every request begins with. */
  readonly timeoutMs: number;
  /** Milliseconds after which a replica that has not answered is asked a second time. Undefined: never. */
  readonly hedgeMs: number | undefined;
  readonly clock: Clock;
}

/** A fetch of entities, as far as asking goes. */
export interface Fetching {
  readonly request: GraphqlBody;
  /** The subgraph's types. */
  readonly schema: GraphQLSchema;
  readonly protocol: ProtocolFetch;
  readonly context: RoutingContext;
  /** The deadline, and the client that goes away. */
  readonly signal: StopSignal;
}

/** Mark of a request that was routed already. */
export const FORWARDED = { 'x-chat-debug-forwarded': '1' };

/** Forwards the request whole, but for the representations that others are asked about, and with a query in place of its own. */
export async function sendShare(
  options: SendOptions,
  slots: Slots,
  { request, context, signal }: Fetching,
  share: Share,
  { url, query }: { readonly url: URL; readonly query: string },
): Promise<ShareAnswer> {
  const { dispatcher, internalSecret, timeoutMs } = options;
  const { caller, requestId } = context;
  const ask = overHttp({
    ...{ dispatcher, url, internalSecret, audience: share.replicaId, peer: 'runtime', headers: FORWARDED },
  });
  const { operationName } = request;
  const question = {
    query,
    operationName,
    variables: { ...request.variables, representations: share.representations },
  };
  return inSlot(options, slots, share, signal, async (signal) => {
    const reply = await ask(question, { caller, requestId, signal });
    return isForbidden(reply)
      ? withoutAnswer(share, 'UNREACHABLE', NOT_AN_ALLOWED_ADDRESS)
      : readReplicaAnswer(share, reply, timeoutMs);
  });
}

/** True if nothing was sent, since a replica may not be at its address. */
export const isForbidden = (reply: Reply): boolean => reply.what === ADDRESS_NOT_ALLOWED;

/** Asks once there is a place for it, and a second time if the replica is slow. @param ask ends soon after its signal aborts */
export async function inSlot(
  { clock, hedgeMs, timeoutMs }: SendOptions,
  slots: Slots,
  share: Share,
  signal: StopSignal,
  ask: (signal: StopSignal) => Promise<ShareAnswer>,
): Promise<ShareAnswer> {
  const attempt = async (signal: StopSignal): Promise<ShareAnswer> => {
    const release = await slots.take(signal);
    if (!release) {
      const reason = `As much is asked of it as it may be at once, for all of ${timeoutMs} ms; nothing was sent.`;
      return withoutAnswer(share, 'TIMED_OUT', reason);
    }
    try {
      return await ask(signal);
    } finally {
      release();
    }
  };
  const isGood = ({ outcome: { status } }: ShareAnswer) => status === 'OK' || status === 'REFUSED';
  const { result, attempts } = await hedged({ attempt, isGood, afterMs: hedgeMs, clock, signal });
  return result.attempts === 0 ? result : { ...result, attempts: result.attempts + attempts - 1 };
}
