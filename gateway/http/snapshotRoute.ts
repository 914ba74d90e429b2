/**
 * `GET /api/experimental/chats/{chat}/debug/snapshot`: runs one GraphQL operation and answers with its document. Whoever
 * guards the routes of the same scope guards this one; their refusals are told in the document's own shape.
 */
import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import type { GatewayContext } from '../gatewayContext.ts';
import { makeOwnQuestion, type Operations } from '../queries/operations.ts';
import { refusalOf } from './clientErrors.ts';
import { refuseOtherVerbs } from './methods.ts';
import { recordOf } from './requestRecord.ts';
import { type OperationAnswer, refusal, snapshotDocument } from './snapshotDocument.ts';

const PATH = '/api/experimental/chats/:chat/debug/snapshot';
/** The operation, named SnapshotDocument. */
export const SNAPSHOT_OPERATION = readFileSync(new URL('snapshotDocument.graphql', import.meta.url), 'utf8');

/** How a request is refused elsewhere: before it reaches this route, or by the server itself. */
const graphqlRefusal = z.object({
  errors: z.tuple([z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })], z.unknown()),
});

const requirement = z.looseObject({ require: z.literal('runtime').optional() });

export interface SnapshotRouteOptions {
  readonly use: <T>(run: (served: { operations: Operations }) => Promise<T>) => Promise<T>;
  readonly context: (request: FastifyRequest, reply: FastifyReply) => GatewayContext;
}

/** Adds the route to `scope`, below the hooks that guard it. */
export function registerSnapshotRoute(scope: FastifyInstance, { use, context }: SnapshotRouteOptions): void {
  refuseOtherVerbs(scope, PATH, ['GET', 'HEAD'], inItsShape);
  scope.get<{ Params: { chat: string } }>(PATH, inItsShape, async (request, reply) => {
    const required = requirement.safeParse(request.query);
    const contextValue = context(request, reply);
    const variables = { chat: request.params.chat };
    const { status, body } = required.success
      ? snapshotDocument(await use(({ operations }) => ask(operations, variables, contextValue)).catch(refused), {
          isRuntimeRequired: required.data.require !== undefined,
        })
      : refusal(400, 'BAD_USER_INPUT', 'The parameter `require` can only be `runtime`.');
    if (typeof body.code === 'string') recordOf(request).codes.add(body.code);
    return reply.code(status).send(body);
  });
}

const ask = makeOwnQuestion(SNAPSHOT_OPERATION);

function refused(error: unknown): OperationAnswer {
  if (!(error instanceof GraphQLError)) throw error;
  return refusalOf(error);
}

/** For the route alone: an answer of now, and errors as the document has them. */
const inItsShape = {
  preSerialization: async (_request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const { data } = graphqlRefusal.safeParse(payload);
    if (!data) return payload;
    const { message, extensions } = data.errors[0];
    return refusal(reply.statusCode, extensions.code, message).body;
  },
  onSend: async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', 'no-store');
  },
};
