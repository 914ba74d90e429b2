/** The habits of the gateway's HTTP server: request ids, a size limit, what is noted of each request, errors as GraphQL's. */
import { randomUUID } from 'node:crypto';
import { maxHeaderSize } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import { ARRIVAL } from '../../server/arrival.ts';
import { refuseOtherCharsets } from '../../server/charset.ts';
import type { Logger } from '../../server/log.ts';
import { traceRequests } from '../../server/tracing.ts';
import { formatForClient } from './clientErrors.ts';
import type { GatewayMetrics } from './metrics.ts';
import { noteRequests } from './requestLog.ts';
import { readableUrl, refuseNoHttp } from './strayRequests.ts';

const MAX_BODY_BYTES = 100_000;

/** Without routes. */
export function makeApp(log: Logger, clock: Clock, metrics: GatewayMetrics): FastifyInstance {
  const app = Fastify({
    return503OnClosing: false,
    ...ARRIVAL,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: maxHeaderSize },
    genReqId: () => randomUUID(),
    rewriteUrl: readableUrl,
    clientErrorHandler: refuseNoHttp(log),
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  traceRequests(app, (request) => ({ 'chat_debug.request_id': request.id }));
  noteRequests(app, { log, clock, metrics });
  refuseOtherCharsets(app);
  app.setErrorHandler(async (error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ requestId: request.id, err: error }, 'a request failed');
    const code = status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
    return reply.code(status).send({ errors: [formatForClient({ message: error.message, extensions: { code } })] });
  });
  return app;
}
