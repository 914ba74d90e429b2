/**
 * The notes of every server on a request: a record while it is answered, then one log line, and one observation for
 * metrics.
 * Refused requests of all kinds are included. A line holds no token and no variable's value.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../common/clock.ts';
import type { Logger } from './log.ts';
import type { Caller } from './tokens/internalToken.ts';

/** Characters of a name that a client gave. */
const MAX_NAME_CHARACTERS = 100;
/** Replicas that a line names; the number of all is told. */
const MAX_IDS = 20;
/** Status of a request whose client went away before its answer, as in the logs of well-known proxies. */
const CLIENT_GONE = 499;

export interface RequestRecord {
  /** Undefined: nobody with a good token. */
  caller?: Caller;
  /** Name of the operation as its client gave it; undefined: none, or the document was not understood. */
  operation?: string;
  /** Estimated cost of the query. */
  cost?: number;
  /** Codes of the errors in the answer. */
  readonly codes: Set<string>;
  /** Shares of the request by replica, asked or not; undefined: nobody could be asked. */
  asked?: readonly { readonly replicaId: string; readonly status: string }[];
  /** Code with which a stream ended. Undefined: the answer was no stream. */
  streamEnd?: string;
}

const RECORD: unique symbol = Symbol('record');

declare module 'fastify' {
  interface FastifyRequest {
    [RECORD]?: RequestRecord;
  }
}

/** Record of a request, always the same one. */
export function recordOf(request: FastifyRequest): RequestRecord {
  request[RECORD] ??= { codes: new Set() };
  return request[RECORD];
}

type Coded = { readonly extensions?: Readonly<Record<string, unknown>> | undefined };

export function noteCodes({ codes }: RequestRecord, errors: readonly Coded[] = []): void {
  for (const { extensions } of errors) codes.add(String(extensions?.code));
}

/** A request that has ended. */
interface EndedRequest {
  readonly record: RequestRecord;
  /** HTTP status; 499: the client went away. */
  readonly status: number;
  readonly seconds: number;
}

export interface RequestNotes {
  /** True if a request is noted; pages that are answered well never are. */
  readonly isNoted: (request: FastifyRequest) => boolean;
  readonly observe: (ended: EndedRequest) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Notes requests. Call it before any route is added. */
export function noteRequests(app: FastifyInstance, { isNoted, observe, clock, log }: RequestNotes): void {
  const noteEnd = (request: FastifyRequest, reply: FastifyReply) => {
    const begunMs = clock.monotonicMs();
    reply.raw.once('close', () => {
      const elapsedMs = clock.monotonicMs() - begunMs;
      const record = recordOf(request);
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE;
      if (record.caller === undefined && status < 400) return; // a page
      if (record.streamEnd !== undefined) {
        log.info({ ...lineOf(request, record, reply.statusCode, elapsedMs), end: record.streamEnd }, 'stream ended');
        return;
      }
      log.info(lineOf(request, record, status, elapsedMs), status < 400 ? 'answered' : 'refused');
      observe({ record, status, seconds: elapsedMs / 1000 });
    });
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (isNoted(request)) noteEnd(request, reply);
    done();
  });
}

function lineOf(request: FastifyRequest, record: RequestRecord, status: number, elapsedMs: number) {
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url,
    caller: record.caller?.sub.slice(0, MAX_NAME_CHARACTERS),
    operation: record.operation?.slice(0, MAX_NAME_CHARACTERS),
    cost: record.cost,
    status,
    codes: record.codes.size > 0 ? [...record.codes] : undefined,
    elapsedMs: Math.round(elapsedMs),
    ...(record.asked && whoWasAsked(record.asked)),
  };
}

const NOBODY_ASKED = { replicas: 0 };

function whoWasAsked(asked: NonNullable<RequestRecord['asked']>) {
  if (asked.length === 0) return NOBODY_ASKED;
  const replicaIds = [...new Set(asked.map(({ replicaId }) => replicaId))];
  const refusedByBreaker = asked.filter(({ status }) => status === 'CIRCUIT_OPEN').length;
  return {
    replicas: replicaIds.length,
    replicaIds: replicaIds.slice(0, MAX_IDS),
    refusedByBreaker: refusedByBreaker || undefined,
  };
}
