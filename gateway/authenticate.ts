/** Lets nobody reach the GraphQL endpoint without a good token: before the body is read, parsed or validated. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Caller } from '../common/internalToken.ts';
import { maskError } from '../subgraphs/errors.ts';
import type { Identify } from './identity.ts';

/**
 * Guards every route of `scope`.
 * @returns who sent a request that was let in
 */
export function authenticateAll(scope: FastifyInstance, identify: Identify): (request: FastifyRequest) => Caller {
  const callers = new WeakMap<FastifyRequest, Caller>();
  scope.addHook('onRequest', async (request, reply) => {
    try {
      callers.set(request, await identify(request.headers.authorization));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return refuse(reply, error);
    }
  });
  return (request) => {
    const caller = callers.get(request);
    if (!caller) throw new Error('A request came past the guard');
    return caller;
  };
}

/** Sends an error that refuses the whole request: its status, its headers, and itself as GraphQL. */
function refuse(reply: FastifyReply, error: GraphQLError): FastifyReply {
  const { code, http } = error.extensions as { code: string; http: { status: number; headers: Map<string, string> } };
  return reply
    .code(http.status)
    .headers(Object.fromEntries(http.headers))
    .send({ errors: [maskError({ message: error.message, extensions: { code } })] });
}
