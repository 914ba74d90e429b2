/** Lets nobody reach the GraphQL endpoint without a good token: before the body is read, parsed or validated. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Caller } from '../common/internalToken.ts';
import { sendRefusal } from '../common/refusal.ts';
import type { Identify } from './identity.ts';

/**
 * Guards every route of `scope`.
 * @returns who sent a request that was let in
 */
export function authenticateAll(scope: FastifyInstance, identify: Identify): (request: FastifyRequest) => Caller {
  const callers = new WeakMap<FastifyRequest, Caller>();
  scope.addHook('onRequest', async (request, reply) => {
    try {
      callers.set(request, await identify(request));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return sendRefusal(reply, error);
    }
  });
  return (request) => {
    const caller = callers.get(request);
    if (!caller) throw new Error('A request came past the guard');
    return caller;
  };
}
