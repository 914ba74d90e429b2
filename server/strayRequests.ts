/**
 * Requests without a route: unknown paths, unreadable or too long URLs, and bytes that are no HTTP. They get GraphQL
 * errors.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyServerOptions } from 'fastify';
import { Refusal } from './graphql/answer.ts';
import type { Logger } from './log.ts';
import { VERBS } from './methods.ts';

/** Answer to requests for paths that this server does not have. */
export const NOTHING_HERE = new Refusal(404, 'NOT_FOUND', 'There is nothing at this path. GraphQL is at /graphql.');

/** Answer to a verb that no path of this server takes, such as TRACE (RFC 9110, section 15.6.2). */
export const NO_SUCH_VERB = new Refusal(501, 'BAD_REQUEST', `This server takes ${VERBS.join(', ')} only.`);

type ClientErrorHandler = NonNullable<FastifyServerOptions['clientErrorHandler']>;

/**
 * Fastify's `rewriteUrl`. Fastify would refuse a path with bad escapes before anybody is asked for a token.
 * Here a `%` in such a path is an ordinary character, so that its route, or the lack of one, decides.
 */
export function readableUrl({ url = '/' }: { readonly url?: string | undefined }): string {
  if (!url.includes('%')) return url;
  const [path = '', ...query] = url.split('?');
  try {
    decodeURI(path);
    return url;
  } catch {
    return [path.replaceAll('%', '%25'), ...query].join('?');
  }
}

/** Status and message by the code of the error that Node's parser gives. Every other error is a 400. */
const STATUS: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The URL and the headers of a request may take at most 16 KiB together.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** Answers bytes that Node cannot read as a request, and closes the connection. */
export const refuseNoHttp =
  (log: Logger): ClientErrorHandler =>
  (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, message] = STATUS[error.code ?? ''] ?? [400, 'This is no HTTP request.'];
    const requestId = randomUUID();
    log.info({ requestId, status, codes: ['BAD_REQUEST'] }, 'refused');
    const body = JSON.stringify(new Refusal(status, 'BAD_REQUEST', message).body);
    const lines = [
      `HTTP/1.1 ${status} Refused`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
    ];
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  };
