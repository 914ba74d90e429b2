/**
 * `/graphql`. The ordinary request, a query as JSON in the body of a POST, is answered here; for any other, and for what has to be
 * said of one that is not in order, there is Apollo Server.
 */
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { endOfTurn } from '../../common/turn.ts';
import { answerText, readOrdinary } from '../../server/graphql/ordinaryRequest.ts';
import type { Logger } from '../../server/log.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import type { AllowedOperations } from '../queries/allowedOperations.ts';
import { readAskedQuery } from '../queries/askedQuery.ts';
import type { RefusedOperation } from '../queries/operations.ts';
import type { CheckedQuery } from '../queries/queryLimits.ts';
import type { ServedSupergraph } from '../served.ts';
import { refusalOf } from './clientErrors.ts';
import { refuseOtherVerbs } from './methods.ts';
import { recordOf } from './requestRecord.ts';

export interface GraphqlRouteOptions {
  readonly use: <T>(run: (served: ServedSupergraph) => Promise<T>) => Promise<T>;
  readonly context: (request: FastifyRequest, reply: FastifyReply, checked?: CheckedQuery) => GatewayContext;
  /** The only operations that are answered; unset: all. */
  readonly allowedOperations: AllowedOperations | undefined;
  readonly log: Logger;
}

/** Adds the route to `scope`, below the hooks that guard it. */
export function registerGraphqlRoute(scope: FastifyInstance, options: GraphqlRouteOptions): void {
  refuseOtherVerbs(scope, '/graphql', ['GET', 'POST']);
  scope.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: (request, reply) => options.use((served) => answer(options, served, request, reply)),
  });
}

async function answer(
  options: GraphqlRouteOptions,
  served: ServedSupergraph,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const ordinary = readOrdinary(request);
  const checked = check(options, served, request);
  const isQuery = checked && !(checked instanceof GraphQLError) && checked.operation.operation === 'query';
  if (!ordinary || !isQuery) {
    const context = async () => {
      if (checked instanceof GraphQLError) throw checked;
      return options.context(request, reply, checked);
    };
    return fastifyApolloHandler<GatewayContext>(served.apollo, { context }).call(request.server, request, reply);
  }
  reply.header('content-type', ordinary.contentType).header('cache-control', 'no-store');
  const operation = served.operations.prepare(checked.document, checked.operation, checked.text);
  if (operation.kind === 'refused') {
    const { cause: err } = operation;
    if (err !== undefined) options.log.error({ requestId: request.id, err }, 'a query could not be planned');
    return refuse(request, reply, operation);
  }
  try {
    const context = options.context(request, reply, checked);
    const answered = await served.operations.answer(operation, ordinary, context);
    await endOfTurn();
    return answerText(answered);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return refuse(request, reply, refusalOf(error));
  }
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, errors }: Pick<RefusedOperation, 'status' | 'errors'>,
): FastifyReply {
  for (const { extensions } of errors) recordOf(request).codes.add(String(extensions?.code));
  return reply.code(status).send(answerText({ errors }));
}

/** The query within the limits, or what refuses it; undefined: it cannot be understood. */
function check(
  { allowedOperations }: GraphqlRouteOptions,
  { limits }: ServedSupergraph,
  request: FastifyRequest,
): CheckedQuery | GraphQLError | undefined {
  const record = recordOf(request);
  const asked = readAskedQuery(request);
  try {
    const query = allowedOperations ? allowedOperations.bodyOf(asked) : asked.query;
    return limits.check({ ...asked, query }, record);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    record.codes.add(String(error.extensions.code));
    return error;
  }
}
