/**
 * Who asks the gateway: the token of a request and the caller in it. A token may come as `Authorization: Bearer` (RFC 6750),
 * as the header `Coder-Session-Token`, or as the cookie `coder_session_token`, and is looked for in this order: the first
 * that is there decides, and no other is looked at if that is no good. What is in the address or the body of
 * a request is never a token.
 */
import type {} from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { type CallerTokenOptions, makeCallerCheck } from '../../common/callerToken.ts';
import type { Clock } from '../../common/clock.ts';
import type { Caller } from '../../common/internalToken.ts';
import type { Logger } from '../../common/log.ts';
import { authenticationUnavailable, unauthenticated } from '../../subgraphs/errors.ts';
import { refuseCrossSite } from './crossSite.ts';

const HEADER = 'coder-session-token';
const COOKIE = 'coder_session_token';

/**
 * Throws a GraphQLError that refuses the request: `UNAUTHENTICATED` for no token and for any that is not good,
 * `AUTHENTICATION_UNAVAILABLE`, or `FORBIDDEN` for a cookie that another site may have made the browser send.
 */
export type Identify = (request: FastifyRequest) => Promise<Caller>;

export interface IdentifyOptions extends CallerTokenOptions {
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

export function makeIdentify(options: IdentifyOptions): Identify {
  const check = makeCallerCheck(options, options);
  return async (request) => {
    const found = findToken(request);
    if (!found) throw unauthenticated();
    const checked = await check(found.token);
    if (checked.kind === 'unknown') throw authenticationUnavailable();
    if (checked.kind === 'invalid') throw unauthenticated();
    if (found.byCookie) refuseCrossSite(request.headers, options.corsOrigins);
    return checked.caller;
  };
}

/** Undefined: none, or no one: of a header that was sent twice, a proxy in front may have looked at the other one. */
function findToken({ cookies, raw }: FastifyRequest): { token: string; byCookie: boolean } | undefined {
  const { authorization, [HEADER]: ofHeader = [] } = raw.headersDistinct;
  if (authorization) {
    const token = authorization.length === 1 ? /^Bearer +(\S+)$/i.exec(authorization[0] ?? '')?.[1] : undefined;
    return token === undefined ? undefined : { token, byCookie: false };
  }
  if (ofHeader.length > 0) return ofHeader.length === 1 ? { token: ofHeader[0] ?? '', byCookie: false } : undefined;
  const token = cookies[COOKIE];
  return token === undefined ? undefined : { token, byCookie: true };
}
