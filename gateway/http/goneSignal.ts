/** Tells of a client that went away before it had its answer. */
import { setMaxListeners } from 'node:events';
import type { FastifyReply } from 'fastify';

/** Aborts when the connection ends before the response does. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // as many as fetches
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
