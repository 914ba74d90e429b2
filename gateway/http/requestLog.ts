/**
 * One line of the log for each request to the gateway, refused ones of all kinds included: whose it was, what it was called
 * and what came of it, under the id that the client has in `x-request-id`. Never a token and never a variable's value.
 * Pages and probes that are answered well are not worth a line; `health.ts` tells when a probe's answer changes.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../server/log.ts';
import { currentSpan } from '../../server/tracing.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import type { GatewayMetrics } from './metrics.ts';
import { type RequestRecord, recordOf } from './requestRecord.ts';

const PROBES = ['/livez', '/readyz', '/metrics'];
/** Of a name that a client gave. */
const MAX_NAME_CHARACTERS = 100;
/** Of `everywhere` on many chats; the number of all is told. */
const MAX_IDS = 20;
/** As in the logs of well-known proxies: the client went away before it had its answer. */
const CLIENT_GONE = 499;

export interface RequestNotes {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: GatewayMetrics;
}

/** How anything that is refused outside of GraphQL is told. */
const refusal = z.object({ errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })) });

/** Before any route. */
export function noteRequests(app: FastifyInstance, { clock, log, metrics }: RequestNotes): void {
  const noteEnd = (request: FastifyRequest, reply: FastifyReply) => {
    const begunMs = clock.monotonicMs();
    reply.raw.once('close', () => {
      const elapsedMs = clock.monotonicMs() - begunMs;
      const record = recordOf(request);
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE;
      if (record.caller === undefined && status < 400) return; // a page
      log.info(lineOf(request, record, { status, elapsedMs }), status < 400 ? 'answered' : 'refused');
      const [first] = record.codes;
      const code = first ?? (status < 400 ? 'OK' : `HTTP_${status}`);
      metrics.requestAnswered({ operation: record.operation, code, seconds: elapsedMs / 1000 });
    });
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (!PROBES.includes(request.routeOptions.url ?? '')) noteEnd(request, reply);
    done();
  });
  app.addHook('preSerialization', (request, reply, payload, done) => {
    const told = reply.statusCode >= 400 ? refusal.safeParse(payload).data : undefined;
    for (const { extensions } of told?.errors ?? []) recordOf(request).codes.add(extensions.code);
    done(null, payload);
  });
}

function lineOf(request: FastifyRequest, record: RequestRecord, end: { status: number; elapsedMs: number }) {
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url,
    caller: record.caller?.slice(0, MAX_NAME_CHARACTERS),
    operation: record.operation?.slice(0, MAX_NAME_CHARACTERS),
    cost: record.cost,
    status: end.status,
    codes: record.codes.size > 0 ? [...record.codes] : undefined,
    elapsedMs: Math.round(end.elapsedMs),
    ...(record.asked.length === 0 ? NOBODY_ASKED : whoWasAsked(record.asked)),
  };
}

const NOBODY_ASKED = { replicas: 0 };

function whoWasAsked(asked: RequestRecord['asked']) {
  const replicaIds = [...new Set(asked.map(({ replicaId }) => replicaId))];
  const refusedByBreaker = asked.filter(({ status }) => status === 'CIRCUIT_OPEN').length;
  return {
    replicas: replicaIds.length,
    replicaIds: replicaIds.slice(0, MAX_IDS),
    refusedByBreaker: refusedByBreaker || undefined,
  };
}

/** Notes what Apollo Server finds out: the operation, and the codes of the answer. Comes after all that add errors to it. */
export const recordPlugin = (): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async ({ contextValue: { record } }) => ({
    didResolveOperation: async ({ operationName }) => {
      if (operationName === null) return;
      record.operation = operationName;
      currentSpan().setAttribute('graphql.operation.name', operationName);
    },
    willSendResponse: async ({ response }) => {
      if (response.body.kind !== 'single') return;
      for (const { extensions } of response.body.singleResult.errors ?? []) record.codes.add(String(extensions?.code));
    },
  }),
});
