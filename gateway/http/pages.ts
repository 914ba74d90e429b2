/** Pages and files for browsers, out of this machine's own files: their headers, and answers that a browser may keep. */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import Negotiator from 'negotiator';
import { MOST_CHARACTERS } from '../../server/weighed.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Headers of every page and file. */
export const COMMON = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** Lets a browser keep a file and ask again each time; the ETag then spares the body. */
export const ASKED_AGAIN = 'no-cache';
/** Lets a browser keep a file for ever: its name changes with what is in it. */
export const KEPT = 'public, max-age=31536000, immutable';

interface FileOptions {
  /** Content-Security-Policy. */
  readonly policy: string;
  readonly caching: string;
  /** Request headers that decide about the answer. */
  readonly vary: string;
}

/** Handler that answers with one file. It is compressed at its first request, for browsers that take that. */
export function answerWith(file: string, content: string | Buffer, options: FileOptions): RouteHandlerMethod {
  const etag = `"${createHash('sha256').update(content).digest('base64url')}"`;
  const headers = {
    ...COMMON,
    ...{ 'content-security-policy': options.policy, 'cache-control': options.caching, vary: options.vary },
    ...{ 'content-type': TYPES[extname(file)], etag },
  };
  let zipped: Buffer | undefined;
  return (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(headers);
    if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send();
    if (!options.vary.includes('Accept-Encoding') || !takesGzip(request)) return reply.send(content);
    zipped ??= gzipSync(content);
    return reply.header('content-encoding', 'gzip').send(zipped);
  };
}

const takesGzip = ({ raw }: FastifyRequest) =>
  String(raw.headers['accept-encoding'] ?? '').length <= MOST_CHARACTERS &&
  new Negotiator(raw).encoding(['gzip', 'identity']) === 'gzip';
