/**
 * How an HTTP server leaves without cutting a request: first every answer asks its client to close the connection, so that
 * the next request goes elsewhere (RFC 9112, section 9.6); then nothing new is accepted, and what runs is finished.
 */
import type { FastifyInstance } from 'fastify';

export interface Drain {
  /** Whether it has begun: the server is not ready for more. */
  readonly hasBegun: boolean;
  /** Begins it. The server still takes connections and answers. Twice is once; closing the server begins it, too. */
  begin(): void;
}

/**
 * Make `app` with `return503OnClosing: false`: what arrives on an open connection at the last moment is answered. Call this
 * before any route is added.
 */
export function drainOf(app: FastifyInstance): Drain {
  let hasBegun = false;
  let closing = false;
  let running = 0;
  // Node leaves connections alone that have sent nothing yet, and would wait a minute for their first request.
  const closeWhenIdle = () => {
    if (closing && running === 0) app.server.closeAllConnections();
  };
  app.server.on('request', (_request, response) => {
    running += 1;
    response.once('close', () => {
      running -= 1;
      setImmediate(closeWhenIdle);
    });
  });
  app.addHook('preClose', async () => {
    hasBegun = true;
    closing = true;
    setImmediate(() => setImmediate(closeWhenIdle)); // what has arrived by now is read in between
  });
  app.addHook('onSend', async (_request, reply) => {
    if (hasBegun) reply.header('connection', 'close');
  });
  return {
    get hasBegun() {
      return hasBegun;
    },
    begin: () => {
      hasBegun = true;
    },
  };
}
