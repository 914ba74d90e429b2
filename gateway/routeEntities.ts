/**
 * Answers a fetch of entities from the replicas: each one that the list names is sent its share, once, all at the same time,
 * and one deadline holds for everything. It answers with data and errors, whatever happens: one exception out of here would
 * cost the answers of all replicas. It knows of no gateway: anything that has a request and a caller can stand before it.
 */
import { setMaxListeners } from 'node:events';
import type { GraphQLFormattedError } from 'graphql';
import type { Dispatcher } from 'undici';
import { type Clock, deadlineSignal } from '../common/clock.ts';
import { mayReadAll, signInternalToken } from '../common/internalToken.ts';
import type { Logger } from '../common/log.ts';
import { type EntityRequest, readEntityRequest, type SubgraphRequest } from './entityRequest.ts';
import { joinAnswers, type Share, type ShareAnswer, splitRepresentations } from './entityRouting.ts';
import type { Outcome, ReachabilityStatus } from './outcome.ts';
import { postGraphql } from './postGraphql.ts';
import { type Failure, readReplicaAnswer } from './replicaAnswer.ts';
import type { Found, ReplicaDirectory } from './replicaDirectory.ts';
import type { Routing } from './routedTypes.ts';
import type { RoutingContext } from './routingContext.ts';

/** Of a text from outside. */
const MAX_LOGGED_CHARACTERS = 500;

export interface RouterOptions {
  readonly routing: Routing;
  readonly directory: ReplicaDirectory;
  readonly dispatcher: Dispatcher;
  readonly internalSecret: string;
  /** What every request's budget begins with, for the words about it. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RoutedAnswer {
  /** Null: this was no fetch of entities; one error says so. */
  readonly data: { readonly _entities: readonly Readonly<Record<string, unknown>>[] } | null;
  readonly errors: readonly GraphQLFormattedError[];
}

/** Never rejects. */
export type RouteEntities = (request: SubgraphRequest, context: RoutingContext) => Promise<RoutedAnswer>;

export function makeRouteEntities(options: RouterOptions): RouteEntities {
  return async (request, context) => {
    try {
      return await route(options, request, context);
    } catch (error) {
      options.log.error({ err: error }, 'a fetch from the replicas failed');
      return failed('The replicas could not be asked.');
    }
  };
}

async function route(options: RouterOptions, request: SubgraphRequest, context: RoutingContext): Promise<RoutedAnswer> {
  const { routing, directory, log } = options;
  const entityRequest = readEntityRequest(routing.schema, request);
  if (!entityRequest) return failed('Replicas answer about entities only.');
  const shares = splitRepresentations(routing, entityRequest.representations);
  const deadline = deadlineSignal(context.budget.leftMs(), context.signal);
  setMaxListeners(0, deadline.signal); // as many as replicas
  try {
    const ids = shares.map((share) => share.replicaId);
    const found = directory.lookUp(ids, deadline.signal);
    const answers = await Promise.all(
      shares.map(async (share, s) => {
        try {
          const where = await (found[s] as Promise<Found>);
          return await ask({ ...options, request, entityRequest, context, signal: deadline.signal }, share, where);
        } catch (err) {
          log.error({ err, replicaId: share.replicaId }, 'a replica could not be asked');
          return notAsked;
        }
      }),
    );
    const { failures, ...answer } = joinAnswers(routing, entityRequest, shares, answers);
    for (const err of failures) log.error({ err }, 'an answer of a replica could not be read');
    return answer;
  } finally {
    deadline.clear();
  }
}

const notAsked: ShareAnswer = {
  kind: 'unanswered',
  outcome: { status: 'UNREACHABLE', elapsedMs: 0, address: null, reason: 'It could not be asked.' },
};

const failed = (message: string): RoutedAnswer => ({
  data: null,
  errors: [{ message, extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
});

interface Asking extends RouterOptions {
  readonly request: SubgraphRequest;
  readonly entityRequest: EntityRequest;
  readonly context: RoutingContext;
  /** The deadline, and the client that goes away. */
  readonly signal: AbortSignal;
}

/** Sends a share to where its replica was found, and reads what comes back. */
async function ask(asking: Asking, share: Share, where: Found): Promise<ShareAnswer> {
  const { clock, context, directory, signal } = asking;
  const seen = 'address' in where && mayReadAll(context.caller) ? where.address : null;
  const notSent = (status: ReachabilityStatus, reason: string): ShareAnswer => ({
    kind: 'unanswered',
    outcome: { status, elapsedMs: 0, address: seen, reason },
  });
  if (where.kind === 'unknown') return notSent('UNKNOWN_REPLICA', 'The replica table does not hold it.');
  if (where.kind === 'stopped') return notSent('STOPPED', STOPPED);
  if (where.kind === 'unread') {
    return signal.aborted
      ? notSent('TIMED_OUT', `Where it is could not be read within ${asking.timeoutMs} ms; nothing was sent.`)
      : notSent('UNREACHABLE', 'Where it is could not be read; nothing was sent.');
  }
  if (signal.aborted) return notSent('TIMED_OUT', `Nothing was left of ${asking.timeoutMs} ms; nothing was sent.`);
  const url = endpointAt(where.address);
  if (!url) return notSent('UNREACHABLE', 'What the replica table gives as its address is no http or https URL.');

  const begunMs = clock.monotonicMs();
  const answer = await send(asking, share, url);
  const elapsedMs = Math.round((clock.monotonicMs() - begunMs) * 10) / 10;
  const sent = (status: ReachabilityStatus, reason: string | null): Outcome => ({
    status,
    elapsedMs,
    address: seen,
    reason,
  });
  if (answer.kind === 'OK' && answer.errors[0]) {
    const { length, 0: first } = answer.errors;
    const message = first.message.slice(0, MAX_LOGGED_CHARACTERS);
    asking.log.warn({ replicaId: share.replicaId, errors: length, first: message }, 'a replica answered with errors');
  }
  if (answer.kind === 'OK') return { ...answer, kind: 'answered', outcome: sent('OK', null) };
  if (answer.kind === 'UNREACHABLE') {
    const now = await directory.lookUpAnew(share.replicaId, signal);
    if (now.kind === 'stopped') return { kind: 'unanswered', outcome: sent('STOPPED', STOPPED) };
  }
  return { kind: 'unanswered', outcome: sent(answer.kind, answer.reason), fields: answer.fields ?? {} };
}

const STOPPED = 'It has stopped in order.';

/** Forwards the request whole, but for the representations that others are asked about. */
async function send(asking: Asking, share: Share, url: URL) {
  const { context, dispatcher, internalSecret, request, signal, timeoutMs } = asking;
  const { query, operationName } = request;
  const variables = { ...request.variables, representations: share.representations };
  const token = await signInternalToken(internalSecret, share.replicaId, context.caller);
  const posted = await postGraphql({
    dispatcher,
    url,
    token,
    headers: { 'x-chat-debug-forwarded': '1' },
    body: { query, variables, operationName },
    signal,
  });
  if (posted.kind === 'aborted') {
    return { kind: 'TIMED_OUT', reason: `No answer within ${timeoutMs} ms.` } satisfies Failure;
  }
  return readReplicaAnswer(posted, share.representations.length);
}

/** `graphql` under the relay address, whose path and query string are kept; undefined for anything but http and https. */
function endpointAt(address: string): URL | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/graphql`;
  return url;
}
