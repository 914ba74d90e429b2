/** One share of a list of entities on its way to a replica and back. */
import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import { NOT_AN_ALLOWED_ADDRESS } from '../../domain/reachabilityReasons.ts';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import type { SubgraphRequest } from '../entityRequest.ts';
import type { Share } from '../entityRouting.ts';
import { type Entities, type Failure, readReplicaAnswer } from '../replicaAnswer.ts';
import type { RoutingContext } from '../routingContext.ts';
import { postGraphql } from '../transport/postGraphql.ts';
import { ADDRESS_NOT_ALLOWED } from './addressPolicy.ts';
import { hedged } from './hedge.ts';
import type { Slots } from './slots.ts';

/** Of the relay addresses that are remembered: as many as the replica table lists at once. */
const MAX_ENDPOINTS = 1_000;

export interface SendOptions {
  /** Connects only to where a replica may be. */
  readonly dispatcher: Dispatcher;
  readonly internalSecret: string;
  /** What the budget of every request begins with, in milliseconds. */
  readonly timeoutMs: number;
  /** A replica that has not answered after so many milliseconds is asked a second time; undefined: never. */
  readonly hedgeMs: number | undefined;
  readonly clock: Clock;
}

/** A fetch of entities, as far as asking goes. */
export interface Fetching {
  readonly request: SubgraphRequest;
  /** Of the subgraph's types. */
  readonly schema: GraphQLSchema;
  readonly context: RoutingContext;
  /** The deadline, and the client that goes away. */
  readonly signal: StopSignal;
}

export interface Sent {
  readonly answer: Entities | Failure;
  /** False: nothing was. */
  readonly isSent: boolean;
}

/**
 * Forwards the request whole, but for the representations that others are asked about, and with a query in place of its own.
 * `attempts`: 1, or 2 with a second try.
 */
export async function sendShare(
  options: SendOptions,
  slots: Slots,
  fetching: Fetching,
  share: Share,
  { url, query }: { readonly url: URL; readonly query: string },
): Promise<Sent & { readonly attempts: number }> {
  const { clock, dispatcher, hedgeMs, internalSecret, timeoutMs } = options;
  const { request, context } = fetching;
  const variables = { ...request.variables, representations: share.representations };
  const post = {
    dispatcher,
    url,
    token: await signInternalToken(internalSecret, share.replicaId, context.caller),
    headers: { 'x-chat-debug-forwarded': '1', 'x-request-id': context.requestId },
    peer: 'runtime',
    body: { query, variables, operationName: request.operationName },
  };
  const attempt = async (signal: StopSignal): Promise<Sent> => {
    const release = await slots.take(signal);
    if (!release) return notSentInTime(timeoutMs);
    try {
      const posted = await postGraphql({ ...post, signal });
      if (posted.kind === 'broken' && posted.code === ADDRESS_NOT_ALLOWED) return notAllowed;
      if (posted.kind === 'aborted') return { isSent: true, answer: timedOut(`No answer within ${timeoutMs} ms.`) };
      return { isSent: true, answer: readReplicaAnswer(posted, share.representations.length) };
    } finally {
      release();
    }
  };
  const isGood = ({ answer }: Sent) => answer.kind === 'OK' || answer.kind === 'REFUSED';
  const { result, attempts } = await hedged({ attempt, isGood, afterMs: hedgeMs, clock, signal: fetching.signal });
  return { ...result, attempts };
}

const timedOut = (reason: string): Failure => ({ kind: 'TIMED_OUT', reason });

const notSentInTime = (timeoutMs: number): Sent => ({
  isSent: false,
  answer: timedOut(`As much is asked of it as it may be at once, for all of ${timeoutMs} ms; nothing was sent.`),
});

const notAllowed: Sent = {
  isSent: false,
  answer: { kind: 'UNREACHABLE', reason: NOT_AN_ALLOWED_ADDRESS },
};

const endpoints = new LRUCache<string, URL | string>({ max: MAX_ENDPOINTS });

/** `graphql` under the relay address, whose path and query string are kept; or what is wrong with the address. */
export function endpointAt(address: string): URL | string {
  const known = endpoints.get(address);
  if (known !== undefined) return known;
  const endpoint = readAddress(address);
  endpoints.set(address, endpoint);
  return endpoint;
}

function readAddress(address: string): URL | string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    return 'What the replica table gives as its address is no http or https URL.';
  }
  if (url.username !== '' || url.password !== '') {
    return 'What the replica table gives as its address holds a user name or a password.';
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/graphql`;
  return url;
}
