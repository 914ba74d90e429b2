/**
 * `POST /mcp`: the Model Context Protocol over streamable HTTP, without sessions. Each request is answered by itself, with
 * the rights of its bearer token, in one JSON body. The guards of the scope have let it in.
 */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { isObject, type Json } from '../../common/json.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { Refusal, sendRefusal, unauthenticated } from '../../server/graphql/answer.ts';
import type { Logger } from '../../server/log.ts';
import { refuseOtherVerbs } from '../../server/methods.ts';
import { noteCodes, recordOf } from '../../server/requests.ts';
import type { Queries } from '../queries/answer.ts';
import type { ToolCall } from './ask.ts';
import { makeMcpServer } from './server.ts';

export const MCP_PATH = '/mcp';
/** Bytes of a request. A call of a tool has a few hundred. */
const MAX_BODY_BYTES = 32_000;
/** Headers of a request that the protocol reads. */
const READ_HEADERS = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name'];

interface McpRouteOptions extends Pick<ToolCall, 'publicUrl' | 'hasOperator'> {
  readonly use: <T>(run: (served: { queries: Queries }) => Promise<T>) => Promise<T>;
  readonly newContext: (request: FastifyRequest, reply: FastifyReply) => RoutingContext;
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  readonly log: Logger;
}

/** Adds the route to `scope`, below the hooks that guard it. */
export function registerMcp(scope: FastifyInstance, options: McpRouteOptions): void {
  const { use, newContext, log } = options;
  scope.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalFor(request, options.corsOrigins);
    if (refusal) sendRefusal(reply, refusal);
    else done();
  });
  refuseOtherVerbs(scope, MCP_PATH, ['POST'], inItsShape);
  scope.post(MCP_PATH, { ...inItsShape, bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    if (!isObject(request.body)) return sendRefusal(reply, ONE_MESSAGE);
    const record = recordOf(request);
    const context = { ...newContext(request, reply), via: 'mcp' };
    const ask = async (operation: string, variables: Readonly<Json>) => {
      const { body } = await use(({ queries }) => queries.ask(operation, variables, context, record));
      noteCodes(record, body.errors);
      return body;
    };
    const { publicUrl, hasOperator } = options;
    const asking: ToolCall = { caller: context.caller, publicUrl, hasOperator, ask };
    const handler = createMcpHandler(() => makeMcpServer(asking, log), {
      maxSubscriptions: 0, // there is nothing to follow, and an open stream would be held by nobody's limits
      onerror: (err) =>
        log.debug({ requestId: request.id, err }, 'a message of the model context protocol was refused'),
    });
    try {
      const response = await handler.fetch(asWebRequest(request), { parsedBody: request.body });
      const type = response.headers.get('content-type');
      if (type !== null) reply.type(type);
      return await reply
        .code(response.status)
        .header('cache-control', 'no-store')
        .send(await response.text());
    } finally {
      await handler.close();
    }
  });
}

function refusalFor({ headers }: FastifyRequest, corsOrigins: readonly string[]): Refusal | undefined {
  if (headers.origin !== undefined && !corsOrigins.includes(headers.origin)) return OTHER_ORIGIN;
  return headers.authorization === undefined ? unauthenticated() : undefined; // no cookie, no other header
}

function asWebRequest({ headers }: FastifyRequest): Request {
  const read = READ_HEADERS.flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return new Request(`http://gateway${MCP_PATH}`, { method: 'POST', headers: read });
}

const ONE_MESSAGE = new Refusal(
  400,
  'BAD_REQUEST',
  'The body must be one JSON-RPC message, as an object. Several at once are not taken.',
);
const OTHER_ORIGIN = new Refusal(
  403,
  'FORBIDDEN',
  'The page that sent this is of a site that CORS_ORIGINS does not name.',
);

const graphqlRefusal = z.object({
  errors: z.tuple([z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })], z.unknown()),
});
/** JSON-RPC code of an error that belongs to no message. */
const SERVER_ERROR = -32_000;

/** Hook of this route alone: gives refusals the shape of JSON-RPC. */
const inItsShape = {
  preSerialization: async (_request: FastifyRequest, _reply: FastifyReply, payload: unknown) => {
    const { data } = graphqlRefusal.safeParse(payload);
    if (!data) return payload;
    const { message, extensions } = data.errors[0];
    return { jsonrpc: '2.0', id: null, error: { code: SERVER_ERROR, message, data: { code: extensions.code } } };
  },
};
