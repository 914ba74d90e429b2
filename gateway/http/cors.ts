/** Cross-origin access to the routes of a scope (Fetch standard, "CORS protocol"), for the named origins alone. */
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Seconds that a browser may remember the answer to its preflight request. */
const REMEMBERED_SECONDS = 600;

/**
 * Allows origins. Call it before the scope's guards: a preflight request carries no token. Without origins nothing
 * changes.
 * @param origins each as a browser sends it: `https://example.com`
 */
export async function allowOrigins(scope: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await scope.register(cors, {
    delegator: async ({ headers: { origin = '' }, routeOptions }: FastifyRequest) => ({
      // The library adds a route `*` for preflight requests; a path that is none of the scope's has nothing to allow.
      origin: origins.includes(origin) && routeOptions.url !== '*' ? origin : false,
      methods: ['GET', 'HEAD', 'POST'],
      credentials: true, // the cookie, for which these origins are trusted
      exposedHeaders: ['x-request-id', 'retry-after', 'www-authenticate'],
      maxAge: REMEMBERED_SECONDS,
    }),
  });
}
