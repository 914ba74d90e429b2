/** Lets nobody past the door of a server without a good token: before the body is read, parsed or validated, whatever the path. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, sendRefusal } from './graphql/answer.ts';
import { isProbe } from './health.ts';
import { recordOf } from './requests.ts';
import type { Caller } from './tokens/internalToken.ts';

/**
 * Guards every route of `scope`; of a whole server also those that are not there, and not its probes.
 * @param authorize says who asks, or refuses the request; at once where it can: a promise, and a hook that returns one, cost
 *   each request a turn of the microtask queue
 * @returns who sent a request that was let in, which is also noted for the log
 */
export function guard(
  scope: FastifyInstance,
  authorize: (request: FastifyRequest) => Caller | Refusal | Promise<Caller | Refusal>,
): (request: FastifyRequest) => Caller {
  const known = new WeakMap<FastifyRequest, Caller>();
  const letIn = (who: Caller | Refusal, request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    if (who instanceof Refusal) return void sendRefusal(reply, who);
    known.set(request, who);
    recordOf(request).caller = who.sub;
    done();
  };
  scope.addHook('onRequest', (request, reply, done) => {
    if (isProbe(request)) return done();
    const who = authorize(request);
    if (!(who instanceof Promise)) return letIn(who, request, reply, done);
    who.then((waitedFor) => letIn(waitedFor, request, reply, done), done);
  });
  return (request) => {
    const found = known.get(request);
    if (!found) throw new Error('A request came past the guard');
    return found;
  };
}
