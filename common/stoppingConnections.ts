/** Lets a Fastify server stop as soon as it has answered, though its clients would keep their connections. */
import type { FastifyInstance } from 'fastify';

/**
 * Connections that are idle when the server stops are closed by Fastify; one that is in use then is told to close after its
 * answer. Call before any route is added.
 */
export function closeConnectionsWhenStopping(app: FastifyInstance): void {
  let stopping = false;
  app.addHook('preClose', async () => {
    stopping = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close');
  });
}
