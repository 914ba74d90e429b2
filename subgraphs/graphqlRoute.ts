/** `/graphql` of a subgraph. The ordinary request is answered straight away; for any other, and for what is not in order, there is Apollo Server. */
import type { BaseContext } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerText, readOrdinary } from '../common/ordinaryRequest.ts';
import { endOfTurn } from '../common/turn.ts';
import type { Answering } from './answering.ts';

/** Adds the route. @param newContext for a request that was let in */
export function registerGraphql<C extends BaseContext>(
  app: FastifyInstance,
  { answer, apollo }: Answering<C>,
  newContext: (request: FastifyRequest, reply: FastifyReply) => Promise<C>,
): void {
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: '/graphql',
    handler: async (request, reply) => {
      const context = newContext(request, reply);
      const ordinary = readOrdinary(request);
      const answered = ordinary && (await answer(ordinary, await context));
      if (!answered) return fastifyApolloHandler<C>(apollo, { context: () => context }).call(app, request, reply);
      reply.header('content-type', ordinary.contentType).header('cache-control', 'no-store');
      await endOfTurn();
      return answerText(answered);
    },
  });
}
