/** The door of a server: nobody passes without a good token, before the body is read, whatever the path. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, sendRefusal } from './graphql/answer.ts';
import { isProbe } from './health.ts';
import { recordOf } from './requests.ts';
import type { Caller } from './tokens/internalToken.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route that checks its callers by itself, and refuses them in its own form. */
    readonly guardsItself?: boolean;
  }
}

/**
 * Guards every route of `scope`, and of a whole server also missing routes, but neither its probes nor routes that say that
 * they guard themselves.
 * @param authorize identifies the caller or refuses the request. It makes no promise where it can: one costs each request
 *   a turn of the microtask queue.
 * @returns caller of a request that was let in, who is noted in its record, also for the log
 */
export function guard(
  scope: FastifyInstance,
  authorize: (request: FastifyRequest) => Caller | Refusal | Promise<Caller | Refusal>,
): (request: FastifyRequest) => Caller {
  const letIn = (who: Caller | Refusal, request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    if (who instanceof Refusal) return void sendRefusal(reply, who);
    recordOf(request).caller = who;
    done();
  };
  scope.addHook('onRequest', (request, reply, done) => {
    if (isProbe(request) || request.routeOptions.config.guardsItself) return done();
    const who = authorize(request);
    if (!(who instanceof Promise)) return letIn(who, request, reply, done);
    who.then((waitedFor) => letIn(waitedFor, request, reply, done), done);
  });
  return (request) => {
    const { caller } = recordOf(request);
    if (!caller) throw new Error('A request came past the guard');
    return caller;
  };
}
