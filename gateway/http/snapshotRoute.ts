/**
 * `GET /api/experimental/chats/{chat}/debug/snapshot`: runs one GraphQL operation and answers with its document.
 * The guards of the scope guard it as well. Their refusals take the document's own shape.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { setHead } from '../../server/graphql/answer.ts';
import { refuseOtherVerbs } from '../../server/methods.ts';
import { noteCodes, recordOf } from '../../server/requests.ts';
import type { Queries } from '../queries/answer.ts';
import { SNAPSHOT_OPERATION } from '../queries/snapshotOperation.ts';
import { refusal, snapshotDocument } from './snapshotDocument.ts';

const PATH = '/api/experimental/chats/:chat/debug/snapshot';

/** Refusal that comes from elsewhere: before this route, or from the server itself. */
const graphqlRefusal = z.object({
  errors: z.tuple([z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })], z.unknown()),
});

const requirement = z.looseObject({ require: z.literal('runtime').optional() });

interface SnapshotRouteOptions {
  readonly use: <T>(run: (served: { queries: Queries }) => Promise<T>) => Promise<T>;
  readonly newContext: (request: FastifyRequest, reply: FastifyReply) => RoutingContext;
}

/** Adds the route to `scope`, below the hooks that guard it. */
export function registerSnapshotRoute(scope: FastifyInstance, { use, newContext }: SnapshotRouteOptions): void {
  refuseOtherVerbs(scope, PATH, ['GET', 'HEAD'], inItsShape);
  scope.get<{ Params: { chat: string } }>(PATH, inItsShape, async (request, reply) => {
    const required = requirement.safeParse(request.query);
    const record = recordOf(request);
    const document = async () => {
      if (!required.success) return refusal(400, 'BAD_USER_INPUT', 'The parameter `require` can only be `runtime`.');
      const variables = { chat: request.params.chat };
      const context = newContext(request, reply);
      const { status, body } = await use(({ queries }) => queries.ask(SNAPSHOT_OPERATION, variables, context, record));
      noteCodes(record, body.errors);
      return snapshotDocument({ status, ...body }, { isRuntimeRequired: required.data.require !== undefined });
    };
    const { status, body } = await document();
    if (typeof body.code === 'string') noteCodes(record, [{ extensions: body }]);
    return setHead(reply, { status, headers: {} }).send(body);
  });
}

/** Hook of this route alone: gives errors the shape of the document. */
const inItsShape = {
  preSerialization: async (_request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const { data } = graphqlRefusal.safeParse(payload);
    if (!data) return payload;
    const { message, extensions } = data.errors[0];
    return refusal(reply.statusCode, extensions.code, message).body;
  },
};
