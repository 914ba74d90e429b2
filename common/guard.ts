/** Lets nobody past the door of a server without a good token: before the body is read, parsed or validated, whatever the path. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { sendRefusal } from './refusal.ts';

/**
 * Guards every route of `scope`; of a whole server also those that are not there.
 * @param authorize says who asks, or throws the GraphQLError that refuses the request
 * @param openRoutes those that need no token
 * @returns who sent a request that was let in
 */
export function guard<Who>(
  scope: FastifyInstance,
  authorize: (request: FastifyRequest) => Promise<Who>,
  openRoutes: readonly string[] = [],
): (request: FastifyRequest) => Who {
  const known = new WeakMap<FastifyRequest, { who: Who }>();
  scope.addHook('onRequest', async (request, reply) => {
    if (openRoutes.includes(request.routeOptions.url ?? '')) return;
    try {
      known.set(request, { who: await authorize(request) });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return sendRefusal(reply, error);
    }
  });
  return (request) => {
    const found = known.get(request);
    if (!found) throw new Error('A request came past the guard');
    return found.who;
  };
}
