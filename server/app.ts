/** HTTP server as every process of the system has it: limits of size and time, request ids, notes, errors as GraphQL's, its end. */
import { randomUUID } from 'node:crypto';
import { maxHeaderSize } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { refuseOtherCharsets } from './charset.ts';
import { type Drain, drainOf } from './drain.ts';
import { Refusal, sendRefusal } from './graphql/answer.ts';
import { maskError } from './graphql/errors.ts';
import type { Stoppable } from './lifecycle.ts';
import { VERBS } from './methods.ts';
import { noteRequests, type RequestNotes } from './requests.ts';
import { NO_SUCH_VERB, NOTHING_HERE, readableUrl, refuseNoHttp } from './strayRequests.ts';
import { traceRequests } from './tracing.ts';

/**
 * Milliseconds in which a request must arrive, headers and body.
 * Without this limit an unfinished request would hold a connection for ever, even without a token.
 */
const ARRIVAL_MS = 10_000;

/** Options of Fastify. Node's server gets them, too: with a longer limit for headers it sets none for bodies. */
const ARRIVAL = {
  requestTimeout: ARRIVAL_MS,
  http: { headersTimeout: ARRIVAL_MS, requestTimeout: ARRIVAL_MS, connectionsCheckingInterval: 2_000 },
} as const;

interface AppOptions extends RequestNotes {
  /** Bytes of the largest body that is accepted. */
  readonly maxBodyBytes: number;
  /** Says whether requests get their id here, and clients are told it. Otherwise the id comes with the request. */
  readonly givesIds: boolean;
}

/** A server that listens. */
export interface RunningServer extends Required<Stoppable> {
  /** Address without a path: `http://127.0.0.1:4001`. */
  readonly url: string;
}

interface App {
  /** Server that has no routes yet. */
  readonly app: FastifyInstance;
  readonly drain: Drain;
  /**
   * Listens; 0 is any free port. @throws if the port is taken
   * @param close ends what the server uses, after its last answer
   */
  listen(address: { host: string; port: number }, close: () => Promise<unknown>): Promise<RunningServer>;
}

export function makeApp(options: AppOptions): App {
  const { givesIds, log, maxBodyBytes } = options;
  const app = Fastify({
    return503OnClosing: false,
    ...ARRIVAL,
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: maxHeaderSize },
    genReqId: () => randomUUID(),
    rewriteUrl: readableUrl,
    clientErrorHandler: refuseNoHttp(log),
  });
  const drain = drainOf(app);
  app.removeContentTypeParser('text/plain');
  if (givesIds) {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id);
      done();
    });
  }
  traceRequests(app, ({ id }) => (givesIds ? { 'chat_debug.request_id': id } : {}));
  noteRequests(app, options);
  refuseOtherCharsets(app);
  app.setNotFoundHandler(async ({ method }, reply) =>
    sendRefusal(reply, VERBS.includes(method) ? NOTHING_HERE : NO_SUCH_VERB),
  );
  app.setErrorHandler(async (error: { statusCode?: number; message: string }, request, reply) => {
    const { statusCode = 500, message } = error;
    reply.type('application/json; charset=utf-8'); // it may have been going to be a stream
    if (statusCode < 500) return sendRefusal(reply, new Refusal(statusCode, 'BAD_REQUEST', message));
    log.error({ requestId: request.id, route: request.routeOptions.url, err: error }, UNANSWERED);
    return sendRefusal(reply, { status: statusCode, headers: {}, body: { errors: [maskError({ message })] } });
  });
  return {
    app,
    drain,
    listen: async (address, close) => {
      const url = await app.listen(address);
      const stop = async () => {
        drain.begin();
        await app.close();
        await close();
      };
      let stopped: Promise<void> | undefined;
      return {
        url,
        retire: async () => drain.begin(),
        stop: () => {
          stopped ??= stop();
          return stopped;
        },
      };
    },
  };
}

/** Message in the log about a request that ended in a failure. */
const UNANSWERED = 'a request could not be answered';
