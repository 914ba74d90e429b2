/**
 * How long a request may take to arrive, headers and body. Whoever begins one and does not end it would otherwise hold a
 * connection for ever, without a token too: it is answered, and its connection waits for the rest of the body.
 */
const ARRIVAL_MS = 10_000;

/** Options of Fastify. Node's server gets them, too: with a longer limit for headers it sets none for bodies. */
export const ARRIVAL = {
  requestTimeout: ARRIVAL_MS,
  http: { headersTimeout: ARRIVAL_MS, requestTimeout: ARRIVAL_MS, connectionsCheckingInterval: 2_000 },
} as const;
