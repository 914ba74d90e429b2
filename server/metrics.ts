/**
 * Metrics in Prometheus' text format (prom-client). No label holds the id of a chat, a caller or a replica.
 * Each server counts in a registry of its own, so that several can live in one process.
 * Metrics of the process (memory, event loop delay, garbage collection) stand in one that they share.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { RequestNotes } from './requests.ts';

/** Buckets in seconds, from a reading in memory to the longest time limit of a request. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Registry of the process, made with the first server, from which on the event loop's delay is measured. */
const ofProcess: { registry?: Registry } = {};

function processRegistry(): Registry {
  if (!ofProcess.registry) {
    ofProcess.registry = new Registry();
    collectDefaultMetrics({ register: ofProcess.registry });
  }
  return ofProcess.registry;
}

/** Metrics of the process and of `own`. */
export const metricsText = async (own: Registry): Promise<string> =>
  (await Promise.all([processRegistry().metrics(), own.metrics()])).join('\n');

type Observe = RequestNotes['observe'];

/** Adds the metrics of a subgraph's GraphQL requests to `registry`. */
export function subgraphRequests(registry: Registry): Observe {
  const durations = new Histogram({
    name: 'chat_debug_subgraph_request_duration_seconds',
    help: 'GraphQL requests to this subgraph by HTTP status, and how long they took',
    labelNames: ['status'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  return ({ status, seconds }) => durations.observe({ status }, seconds);
}

/**
 * Adds the metrics of the gateway's requests to `registry`.
 * @param labelOf label for the name of an operation, out of few
 */
export function gatewayRequests(registry: Registry, labelOf: (operation: string | undefined) => string): Observe {
  const registers = [registry];
  const requests = new Counter({
    name: 'chat_debug_requests_total',
    help: 'Requests by operation (of the example queries, SnapshotDocument, other, none) and code of the first error, or OK',
    labelNames: ['operation', 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'chat_debug_request_duration_seconds',
    help: 'How long requests took, by operation',
    labelNames: ['operation'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  return ({ record: { operation: name, codes }, status, seconds }) => {
    const operation = labelOf(name);
    const [code = status < 400 ? 'OK' : `HTTP_${status}`] = codes;
    requests.inc({ operation, code });
    durations.observe({ operation }, seconds);
  };
}
