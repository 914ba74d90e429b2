/**
 * The end of an HTTP server without cutting a request.
 *
 * 1. Every answer asks its client to close the connection, so that the next request goes elsewhere (RFC 9112, section
 * 9.6).
 * 2. Nothing new is accepted, and running requests are finished.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

export interface Drain {
  /** True once it has begun: the server is not ready for more. */
  readonly hasBegun: boolean;
  /**
   * Begins it. The server still takes connections and answers. A second call changes nothing; closing the server begins
   * it, too.
   */
  begin(): void;
  /** Calls `told` when it begins, once. */
  onBegin(told: () => void): void;
}

/**
 * Makes the drain of `app`. Call it before any route is added.
 * Make `app` with `return503OnClosing: false`, so that last requests on open connections are answered.
 */
export function drainOf(app: FastifyInstance): Drain {
  let hasBegun = false;
  let closing = false;
  const listeners: (() => void)[] = [];
  const begin = () => {
    hasBegun = true;
    for (const told of listeners.splice(0)) told();
  };
  /** Number of running requests by connection. Requests of a connection that breaks never end, so they are forgotten with it. */
  const running = new Map<Socket, number>();
  // Closes connections without a request. Node would wait a minute for the first request of a new one.
  const closeWhenIdle = () => {
    if (closing && running.size === 0) app.server.closeAllConnections();
  };
  app.server.on('connection', (socket) => {
    socket.once('close', () => {
      running.delete(socket);
      setImmediate(closeWhenIdle);
    });
  });
  app.server.on('request', ({ socket }, response) => {
    running.set(socket, (running.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (running.get(socket) ?? 0) - 1;
      if (left > 0) running.set(socket, left);
      else running.delete(socket);
      if (closing) setImmediate(closeWhenIdle);
    });
  });
  app.addHook('preClose', async () => {
    begin();
    closing = true;
    setImmediate(() => setImmediate(closeWhenIdle)); // what has arrived by now is read in between
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (hasBegun) reply.header('connection', 'close');
    done();
  });
  return {
    get hasBegun() {
      return hasBegun;
    },
    begin,
    onBegin: (told) => void listeners.push(told),
  };
}
