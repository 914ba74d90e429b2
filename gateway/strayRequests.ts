/** Requests that no route gets: unknown paths, URLs that cannot be read, and what is no HTTP at all. Told as GraphQL errors. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyServerOptions } from 'fastify';
import type { Logger } from '../common/log.ts';
import { formatForClient } from './clientErrors.ts';

const errorBody = (code: string, message: string) => ({ errors: [formatForClient({ message, extensions: { code } })] });

/** For paths that are none of this server's. */
export function refuseUnknownPaths(app: FastifyInstance): void {
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(errorBody('NOT_FOUND', 'There is nothing at this path. GraphQL is at /graphql.')),
  );
}

type FrameworkErrors = NonNullable<FastifyServerOptions['frameworkErrors']>;
type ClientErrorHandler = NonNullable<FastifyServerOptions['clientErrorHandler']>;

/** A path whose escapes cannot be decoded. Fastify runs no hooks for it, so its line in the log is written here. */
export const refuseBadUrl =
  (log: Logger): FrameworkErrors =>
  (error, request, reply) => {
    const { statusCode = 400, message } = error;
    log.info({ requestId: request.id, method: request.method, status: statusCode, codes: ['BAD_REQUEST'] }, 'refused');
    void (reply as FastifyReply)
      .code(statusCode)
      .header('x-request-id', request.id)
      .send(errorBody('BAD_REQUEST', message));
  };

/** By the code of the error that Node's parser gives; every other is a 400. */
const STATUS: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The URL and the headers of a request may take at most 16 KiB together.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** Bytes that Node cannot read as a request: the connection is answered and closed. */
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
    const body = JSON.stringify(errorBody('BAD_REQUEST', message));
    const lines = [
      `HTTP/1.1 ${status} Refused`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
    ];
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  };
