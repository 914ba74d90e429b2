/** A request that is refused before GraphQL sees it is told so as GraphQL tells of errors. */
import type { FastifyReply } from 'fastify';
import type { GraphQLError } from 'graphql';

/** Sends the error with its status and headers; its other extensions go along. */
export function sendRefusal(reply: FastifyReply, error: GraphQLError): FastifyReply {
  const { http, ...extensions } = error.extensions as {
    http?: { status: number; headers?: ReadonlyMap<string, string> };
  };
  return reply
    .code(http?.status ?? 400)
    .headers(Object.fromEntries(http?.headers ?? []))
    .send({ errors: [{ message: error.message, extensions }] });
}
