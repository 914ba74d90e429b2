/** Routes for browsers alone: clients that would rather have a page than JSON, by their `Accept` (RFC 9110, section 12.5.1). */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import Negotiator from 'negotiator';
import { noteCodes, recordOf } from '../../server/requests.ts';
import { NOTHING_HERE } from '../../server/strayRequests.ts';
import { MOST_CHARACTERS } from '../../server/weighed.ts';
import { COMMON } from './pages.ts';

/** Media types that stand at one address, the one for clients without a preference first. */
const OFFERED = ['application/json', 'application/graphql-response+json', 'text/html'];

/** Options of a route that browsers reach, and others pass by. */
export const FOR_BROWSERS = { constraints: { client: 'browser' } };

/** Makes `FOR_BROWSERS` known to a server. Call it once, before such a route is added. */
export const tellBrowsersApart = (app: FastifyInstance): void =>
  app.addConstraintStrategy({
    name: 'client',
    storage: () => new Map(),
    deriveConstraint: (request) => (wantsPage(request) ? 'browser' : undefined),
  });

/** True for a browser. It runs on each request, so what names no text at all is not weighed, which would take 6 µs. */
function wantsPage({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  const { accept = '' } = headers;
  if (accept.length > MOST_CHARACTERS || !/\btext\//i.test(accept)) return false;
  return new Negotiator({ headers: { accept } }).mediaType(OFFERED) === 'text/html';
}

/** Adds the page that a browser gets where there is nothing. Its links are relative, as those of all pages. */
export function registerLostPage(app: FastifyInstance): void {
  app.get('/*', FOR_BROWSERS, async (request, reply) => {
    const [path = '/'] = request.url.split('?');
    const root = '../'.repeat(path.split('/').length - 2) || './';
    noteCodes(recordOf(request), NOTHING_HERE.body.errors);
    return reply.code(NOTHING_HERE.status).headers(HEADERS).send(lostPage(root));
  });
}

const HEADERS = {
  ...COMMON,
  ...{ 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'cache-control': 'no-store' },
  ...{ 'content-type': 'text/html; charset=utf-8', vary: 'Accept' },
};

/** @param root path to `/` from the page */
const lostPage = (root: string) => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Nothing here · chat-debug</title></head>
  <body>
    <h1>There is nothing at this address</h1>
    <p>Look for the address in the place that you have it from, or start at <a href="${root}">the console</a>. The page of a chat is at <code>/chats/</code>, followed by its id.</p>
    <p>Queries are written at <a href="${root}graphiql">GraphiQL</a>. Programs send them to <code>/graphql</code>.</p>
  </body>
</html>
`;
