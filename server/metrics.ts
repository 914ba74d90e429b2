/**
 * Metrics in Prometheus' text format (prom-client). What a server counts stands in a registry of its own, so that several
 * servers can live in one process; what is true of the process as a whole (memory, event loop delay, garbage collection)
 * stands in one that they share. No label ever holds the id of a chat, a caller or a replica.
 */
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Seconds; from a reading in memory to the longest time limit of a request. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Made with the first server: from then on the delay of the event loop is measured. */
const ofProcess: { registry?: Registry } = {};

function processRegistry(): Registry {
  if (!ofProcess.registry) {
    ofProcess.registry = new Registry();
    collectDefaultMetrics({ register: ofProcess.registry });
  }
  return ofProcess.registry;
}

/** `GET /metrics`: the process's metrics and those of `own`. Anyone who reaches the port may read them. */
export function registerMetrics(app: FastifyInstance, own: Registry): void {
  const shared = processRegistry();
  app.get('/metrics', async (_request, reply) => {
    const texts = await Promise.all([shared.metrics(), own.metrics()]);
    return reply.header('content-type', own.contentType).send(texts.join('\n'));
  });
}
