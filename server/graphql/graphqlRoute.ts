/** `/graphql` of a subgraph. The ordinary request is answered straight away; for any other, and for what is not in order, there is Apollo Server. */
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { endOfTurn } from '../../common/turn.ts';
import type { Logger } from '../log.ts';
import { type Answering, UNANSWERED, type WithRequestId } from './answering.ts';
import { answerText, readOrdinary } from './ordinaryRequest.ts';
import { acceptRequestId } from './requests.ts';

/**
 * Adds the route.
 * @param newContext for a request that was let in
 * @param log takes why a request could not be answered at all
 */
export function registerGraphql<C extends WithRequestId>(
  app: FastifyInstance,
  { answer, apollo }: Answering<C>,
  newContext: (request: FastifyRequest, reply: FastifyReply) => Promise<C>,
  log: Logger,
): void {
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: '/graphql',
    handler: async (request, reply) => {
      const askApollo = (context: () => Promise<C>) =>
        fastifyApolloHandler<C>(apollo, { context }).call(app, request, reply);
      const failed = (err: unknown): Promise<never> => {
        log.error({ requestId: acceptRequestId(request), err }, UNANSWERED);
        return Promise.reject(err);
      };
      const ordinary = readOrdinary(request);
      if (!ordinary) return askApollo(() => newContext(request, reply).catch(failed));
      try {
        const context = await newContext(request, reply);
        const answered = await answer(ordinary, context);
        if (!answered) return askApollo(async () => context);
        const text = answerText(answered.body);
        await endOfTurn();
        reply.code(answered.status).header('content-type', ordinary.contentType);
        for (const [name, value] of answered.headers) reply.header(name, value);
        reply.header('cache-control', 'no-store');
        return text;
      } catch (error) {
        return askApollo(() => failed(error)); // it knows how to say that something went wrong, and no more
      }
    },
  });
}
