/**
 * Who asks the gateway: the token of a request and the caller in it. A token may come as `Authorization: Bearer` (RFC 6750),
 * as the header `Coder-Session-Token`, or as the cookie `coder_session_token`, and is looked for in this order: the first
 * that is there decides, and no other is looked at if that is no good. What is in the address or the body of
 * a request is never a token.
 */
import type {} from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import { authenticationUnavailable, unauthenticated } from '../../server/graphql/errors.ts';
import type { Logger } from '../../server/log.ts';
import { type CallerCheck, type CallerTokenOptions, makeCallerCheck } from '../../server/tokens/callerToken.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { refuseCrossSite } from './crossSite.ts';
import { recordOf } from './requestRecord.ts';

const HEADER = 'coder-session-token';
const COOKIE = 'coder_session_token';

/**
 * Who asks, which is also noted for the log; at once for a token that was found good before. Throws a GraphQLError that refuses
 * the request: `UNAUTHENTICATED` for no token and for any that is not good, `AUTHENTICATION_UNAVAILABLE`, or `FORBIDDEN` for
 * a cookie that another site may have made the browser send.
 */
export type Identify = (request: FastifyRequest) => Caller | Promise<Caller>;

export interface IdentifyOptions extends CallerTokenOptions {
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** For a server with the cookie plugin, which need not read cookies by itself. */
export function makeIdentify(options: IdentifyOptions): Identify {
  const check = makeCallerCheck(options, options);
  const callerOf = (request: FastifyRequest, checked: CallerCheck, byCookie: boolean) => {
    if (checked.kind === 'unknown') throw authenticationUnavailable();
    if (checked.kind === 'invalid') throw unauthenticated();
    if (byCookie) refuseCrossSite(request.headers, options.corsOrigins);
    recordOf(request).caller = checked.caller.sub;
    return checked.caller;
  };
  return (request) => {
    const found = findToken(request);
    if (!found) throw unauthenticated();
    const { token, byCookie } = found;
    const checked = check(token);
    if (checked instanceof Promise) return checked.then((known) => callerOf(request, known, byCookie));
    return callerOf(request, checked, byCookie);
  };
}

/** Undefined: none, or no one: of a header that was sent twice, a proxy in front may have looked at the other one. */
function findToken({
  raw: { rawHeaders },
  headers,
  server,
}: FastifyRequest): { token: string; byCookie: boolean } | undefined {
  if (headers.authorization !== undefined) {
    const value = isSentOnce(rawHeaders, 'authorization') ? headers.authorization : '';
    const token = /^Bearer +(\S+)$/i.exec(value)?.[1];
    return token === undefined ? undefined : { token, byCookie: false };
  }
  const ofHeader = headers[HEADER];
  if (ofHeader !== undefined) {
    return isSentOnce(rawHeaders, HEADER) ? { token: String(ofHeader), byCookie: false } : undefined;
  }
  const token = headers.cookie === undefined ? undefined : server.parseCookie(headers.cookie)[COOKIE];
  return token === undefined ? undefined : { token, byCookie: true };
}

/**
 * Node joins what came under one name, or takes the first, and does not say so; `headersDistinct` takes the time to sort all.
 * @param rawHeaders names and values in turn
 */
function isSentOnce(rawHeaders: readonly string[], name: string): boolean {
  let times = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const other = rawHeaders[i];
    if (other?.length === name.length && other.toLowerCase() === name) times += 1;
  }
  return times === 1;
}
