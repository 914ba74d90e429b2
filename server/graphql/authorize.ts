/**
 * Whom a subgraph answers: the gateway, by a token made for this subgraph and this moment; or, behind a gateway that is not
 * ours, callers themselves, by their own tokens. A subgraph that the other processes of the system need takes both then.
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../log.ts';
import type { Settings } from '../settings/settings.ts';
import { type CallerTokenOptions, makeCallerCheck } from '../tokens/callerToken.ts';
import { type Audience, bearerToken, type Caller, checkInternalToken } from '../tokens/internalToken.ts';
import { type Refusal, unauthenticated } from './answer.ts';

/** One of the two is set, or both. */
export interface SubgraphTrust {
  /** Key of the tokens between processes. */
  readonly internalSecret?: string | undefined;
  /** How callers' own tokens are checked. */
  readonly callerTokens?: CallerTokenOptions | undefined;
}

/** What `trustOf` reads; a process that serves a subgraph names them among its settings, with the rule `subgraphKey`. */
export const TRUST_SETTINGS = [
  'SUBGRAPH_AUTH',
  'INTERNAL_SECRET',
  'AUTH_SECRET',
  'AUTH_JWKS_URL',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
] as const;

/** The settings were checked together: what the chosen way needs is there. */
export function trustOf(settings: Settings<(typeof TRUST_SETTINGS)[number]>): SubgraphTrust {
  if (settings.SUBGRAPH_AUTH === 'internal') return { internalSecret: settings.INTERNAL_SECRET };
  const { AUTH_SECRET, AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE } = settings;
  return {
    callerTokens: {
      authSecret: AUTH_SECRET,
      authJwksUrl: AUTH_JWKS_URL,
      authIssuer: AUTH_ISSUER,
      authAudience: AUTH_AUDIENCE,
    },
  };
}

/** Says who asks, or refuses the request: `UNAUTHENTICATED` or `AUTHENTICATION_UNAVAILABLE`. */
export type Authorize = (request: FastifyRequest) => Promise<Caller | Refusal>;

/**
 * @param audience what internal tokens must be made for: `database`, `diagnosis` or `router`
 * @throws TypeError if no kind of token is trusted
 */
export function authorizeSubgraph(
  { internalSecret, callerTokens }: SubgraphTrust,
  { audience, clock, log }: { audience: Audience; clock: Clock; log: Logger },
): Authorize {
  if (internalSecret === undefined && !callerTokens)
    throw new TypeError('A subgraph trusts at least one kind of token');
  const checkCaller = callerTokens && makeCallerCheck(callerTokens, { clock, log });
  return async ({ headers: { authorization } }) => {
    if (internalSecret !== undefined) {
      const internal = await checkInternalToken({ secret: internalSecret, audience, now: clock.now() }, authorization);
      if (internal.kind === 'caller') return internal.caller;
    }
    const token = bearerToken(authorization);
    return checkCaller && token !== undefined ? checkCaller(token) : unauthenticated();
  };
}
