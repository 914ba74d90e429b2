/** Lets nobody past the door of a subgraph without a good token: before the body is read, whatever the path. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { sendRefusal } from '../common/refusal.ts';

/** What an orchestrator and a scraper ask, who have no token; nothing there tells of a chat. */
const OPEN_ROUTES = ['/livez', '/readyz', '/metrics'];

/**
 * Guards every route of `app`, those that are not there included, but the open ones.
 * @param authorize throws the GraphQLError that refuses the request
 * @returns who sent a request that was let in
 */
export function guard<Who>(
  app: FastifyInstance,
  authorize: (request: FastifyRequest) => Promise<Who>,
): (request: FastifyRequest) => Who {
  const known = new WeakMap<FastifyRequest, { who: Who }>();
  app.addHook('onRequest', async (request, reply) => {
    if (OPEN_ROUTES.includes(request.routeOptions.url ?? '')) return;
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
