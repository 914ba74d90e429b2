/** The habits of the gateway's HTTP server: request ids, a size limit, a log line for what it refuses, errors as GraphQL's. */
import { randomUUID } from 'node:crypto';
import { maxHeaderSize } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../common/clock.ts';
import type { Logger } from '../common/log.ts';
import { formatForClient } from './clientErrors.ts';
import { refuseBadUrl, refuseNoHttp } from './strayRequests.ts';

const MAX_BODY_BYTES = 100_000;

/** Without routes. */
export function makeApp(log: Logger, clock: Clock): FastifyInstance {
  const app = Fastify({
    return503OnClosing: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: maxHeaderSize },
    genReqId: () => randomUUID(),
    frameworkErrors: refuseBadUrl,
    clientErrorHandler: refuseNoHttp,
  });
  app.removeContentTypeParser('text/plain');
  const begunMs = new WeakMap<object, number>();
  app.addHook('onRequest', async (request, reply) => {
    begunMs.set(request, clock.monotonicMs());
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode < 400) return;
    const elapsedMs = clock.monotonicMs() - (begunMs.get(request) ?? clock.monotonicMs());
    const { method, routeOptions } = request;
    log.info(
      { requestId: request.id, method, route: routeOptions.url, status: reply.statusCode, elapsedMs },
      'refused',
    );
  });
  app.setErrorHandler(async (error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ requestId: request.id, err: error }, 'a request failed');
    const code = status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
    return reply.code(status).send({ errors: [formatForClient({ message: error.message, extensions: { code } })] });
  });
  return app;
}
