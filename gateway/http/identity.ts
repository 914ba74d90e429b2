/**
 * The caller of the gateway: the token of a request, and who it belongs to.
 * The first of these that is present decides; if it is bad, no other is looked at:
 *
 * 1. `Authorization: Bearer` (RFC 6750)
 * 2. the header `Coder-Session-Token`
 * 3. the cookie `coder_session_token`
 *
 * A token in the address or the body of a request is ignored.
 *
 * Another process of the system asks at `/graphql` with an internal token, as `Authorization: Bearer`.
 */
import type {} from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import { Refusal, unauthenticated } from '../../server/graphql/answer.ts';
import type { Logger } from '../../server/log.ts';
import { type CallerTokenOptions, makeCallerCheck } from '../../server/tokens/callerToken.ts';
import { bearerToken, type Caller, checkInternalToken } from '../../server/tokens/internalToken.ts';
import { refuseCrossSite } from './crossSite.ts';

const HEADER = 'coder-session-token';
const COOKIE = 'coder_session_token';

/**
 * Identifies the caller, at once for a token that was good before. Refusals:
 *
 * - `UNAUTHENTICATED`: no token, or one that is not good.
 * - `AUTHENTICATION_UNAVAILABLE`: the provider's keys are out of reach.
 * - `FORBIDDEN`: a cookie that another site may have made the browser send.
 */
type Identify = (request: FastifyRequest) => Identified | Promise<Identified>;

type Identified = Caller | Refusal;

interface IdentifyOptions extends CallerTokenOptions {
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** Key of the tokens between processes. */
  readonly internalSecret: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the check for a server with the cookie plugin, which need not read cookies by itself. */
export function makeIdentify(options: IdentifyOptions): Identify {
  const check = makeCallerCheck(options, options);
  /** Takes an internal token where a caller's is not good, so that callers' own cost nothing more. */
  const orProcess =
    ({ headers: { authorization }, routeOptions }: FastifyRequest) =>
    async (who: Identified): Promise<Identified> => {
      if (!(who instanceof Refusal) || routeOptions.url !== '/graphql') return who;
      const expected = { secret: options.internalSecret, audience: 'gateway', now: options.clock.now() };
      const internal = await checkInternalToken(expected, authorization);
      return internal.kind === 'caller' ? { ...internal.caller, isProcess: true } : who;
    };
  return (request) => {
    const found = findToken(request);
    if (!found) return unauthenticated();
    const checked = check(found.token);
    if (!found.byCookie) return checked instanceof Promise ? checked.then(orProcess(request)) : checked;
    const onOurSite = (who: Identified) =>
      who instanceof Refusal ? who : (refuseCrossSite(request.headers, options.corsOrigins) ?? who);
    return checked instanceof Promise ? checked.then(onOurSite) : onOurSite(checked);
  };
}

/** Finds the token. Undefined: none, or a header that was sent twice, of which a proxy in front may have read the other one. */
function findToken({
  raw: { rawHeaders },
  headers,
  server,
}: FastifyRequest): { token: string; byCookie: boolean } | undefined {
  if (headers.authorization !== undefined) {
    const token = isSentOnce(rawHeaders, 'authorization') ? bearerToken(headers.authorization) : undefined;
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
 * True if a header came once. Node joins repeated ones or takes the first, silently; `headersDistinct` takes the time
 * to sort all.
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
