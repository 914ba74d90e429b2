/** What a subgraph notes of each GraphQL request: how long it took, a line in its log, and whose request it is a part of. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../log.ts';
import { DURATION_BUCKETS } from '../metrics.ts';
import { parseUuid } from './scalars.ts';

/** The request of a client that one of the gateway's is part of; from callers without a good token, a new one. */
const REQUEST_ID = 'x-request-id';
const accepted = new WeakMap<FastifyRequest, string>();

/**
 * For a caller whose token was good: the id that it gives the request, which then stands in every line of the log about it.
 * One that is no UUID is not taken over.
 */
export function acceptRequestId(request: FastifyRequest): string {
  const known = accepted.get(request);
  if (known !== undefined) return known;
  const received = request.headers[REQUEST_ID];
  const id = (typeof received === 'string' ? parseUuid(received) : undefined) ?? randomUUID();
  accepted.set(request, id);
  return id;
}

export interface RequestNotes {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** Before any route. Health, metrics and streams are not noted. */
export function noteRequests(app: FastifyInstance, { clock, log, registry }: RequestNotes): void {
  const durations = new Histogram({
    name: 'chat_debug_subgraph_request_duration_seconds',
    help: 'GraphQL requests to this subgraph by HTTP status, and how long they took',
    labelNames: ['status'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== '/graphql') return;
    const begunMs = clock.monotonicMs();
    reply.raw.once('close', () => {
      const elapsedMs = clock.monotonicMs() - begunMs;
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE;
      durations.observe({ status }, elapsedMs / 1000);
      log.info({ requestId: accepted.get(request), status, elapsedMs: Math.round(elapsedMs) }, 'answered');
    });
  });
}

/** As in the logs of well-known proxies: the client went away before it had its answer. */
const CLIENT_GONE = 499;
