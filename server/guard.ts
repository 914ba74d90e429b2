/** Lets nobody past the door of a server without a good token: before the body is read, parsed or validated, whatever the path. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { sendRefusal } from './graphql/refusal.ts';

/**
 * Guards every route of `scope`; of a whole server also those that are not there.
 * @param authorize says who asks, or throws the GraphQLError that refuses the request; at once where it can: a promise, and a
 *   hook that returns one, cost each request a turn of the microtask queue
 * @param openRoutes those that need no token
 * @returns who sent a request that was let in
 */
export function guard<Who>(
  scope: FastifyInstance,
  authorize: (request: FastifyRequest) => Who | Promise<Who>,
  openRoutes: readonly string[] = [],
): (request: FastifyRequest) => Who {
  const known = new WeakMap<FastifyRequest, { who: Who }>();
  scope.addHook('onRequest', (request, reply, done) => {
    if (openRoutes.includes(request.routeOptions.url ?? '')) return done();
    try {
      const who = authorize(request);
      if (!(who instanceof Promise)) known.set(request, { who });
      else {
        return void who.then(
          (waitedFor) => {
            known.set(request, { who: waitedFor });
            done();
          },
          (error) => refuse(error, reply, done),
        );
      }
    } catch (error) {
      return refuse(error, reply, done);
    }
    done();
  });
  return (request) => {
    const found = known.get(request);
    if (!found) throw new Error('A request came past the guard');
    return found.who;
  };
}

function refuse(error: unknown, reply: FastifyReply, done: (error: Error) => void): void {
  if (error instanceof GraphQLError) sendRefusal(reply, error);
  else done(error instanceof Error ? error : new Error('Nobody can say who asks', { cause: error }));
}
