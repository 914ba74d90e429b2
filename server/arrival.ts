/**
 * Milliseconds in which a request must arrive, headers and body.
 * Without this limit an unfinished request would hold a connection for ever, even without a token.
 */
const ARRIVAL_MS = 10_000;

/** Options of Fastify. Node's server gets them, too: with a longer limit for headers it sets none for bodies. */
export const ARRIVAL = {
  requestTimeout: ARRIVAL_MS,
  http: { headersTimeout: ARRIVAL_MS, requestTimeout: ARRIVAL_MS, connectionsCheckingInterval: 2_000 },
} as const;
