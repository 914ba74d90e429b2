/**
 * Answers requests with a verb that a path does not know: 405, with the verbs that it knows (RFC 9110, section 15.5.6).
 */
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { Refusal, sendRefusal } from './graphql/answer.ts';

/** Verbs that a server can have routes for. */
export const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** @param known verbs that have a route at `path` in `scope` */
export function refuseOtherVerbs(
  scope: FastifyInstance,
  path: string,
  known: readonly string[],
  options: RouteShorthandOptions = {},
): void {
  const allow = known.join(', ');
  const refusal = new Refusal(405, 'BAD_REQUEST', `This path takes ${allow} only.`, { headers: { allow } });
  const method = VERBS.filter((verb) => !known.includes(verb));
  scope.route({ ...options, method, url: path, handler: async (_request, reply) => sendRefusal(reply, refusal) });
}
