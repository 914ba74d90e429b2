/** Answers requests with a verb that a path does not know: 405, and which it knows (RFC 9110, section 15.5.6). */
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { formatForClient } from './clientErrors.ts';

const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** @param known the verbs that have a route at `path` in `scope` */
export function refuseOtherVerbs(
  scope: FastifyInstance,
  path: string,
  known: readonly string[],
  options: RouteShorthandOptions = {},
): void {
  const method = VERBS.filter((verb) => !known.includes(verb));
  const allow = known.join(', ');
  const message = `This path takes ${allow} only.`;
  scope.route({
    ...options,
    method,
    url: path,
    handler: async (_request, reply) =>
      reply
        .code(405)
        .header('allow', allow)
        .send({ errors: [formatForClient({ message, extensions: { code: 'BAD_REQUEST' } })] }),
  });
}
