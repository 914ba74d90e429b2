/** The encoding of a request's body. All JSON is UTF-8 (RFC 8259), and anything else is not guessed at. */
import type { FastifyInstance, FastifyRequest } from 'fastify';

const UNSUPPORTED_MEDIA_TYPE = 415;
/** Names of UTF-8, of which ASCII is a part. */
const KNOWN = ['utf-8', 'utf8', 'us-ascii'];
const CHARSETS = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/gi;

/** Refuses a body of another charset with HTTP 415, on every route, once its sender was let in. */
export function refuseOtherCharsets(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const { 'content-type': type } = request.headers;
    if (!type?.includes(';') || !hasBody(request) || charsetsOf(type).every((name) => KNOWN.includes(name)))
      return done();
    const message = 'The body must be UTF-8: leave out the `charset` of `content-type`, or make it `utf-8`.';
    return done(Object.assign(new Error(message), { statusCode: UNSUPPORTED_MEDIA_TYPE }));
  });
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

const charsetsOf = (contentType: string): string[] =>
  [...contentType.matchAll(CHARSETS)].map(([, quoted, plain]) => (quoted ?? plain ?? '').trim().toLowerCase());
