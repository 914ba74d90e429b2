/**
 * The clients of a subgraph: the gateway, by a token for this subgraph and moment.
 * Behind a foreign gateway they are callers, by their own tokens. A subgraph that other processes need then takes both.
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../log.ts';
import type { Settings } from '../settings/settings.ts';
import { type CallerTokenOptions, makeCallerCheck } from '../tokens/callerToken.ts';
import { type Audience, bearerToken, type Caller, checkInternalToken } from '../tokens/internalToken.ts';
import { type Refusal, unauthenticated } from './answer.ts';

/** Trust of a subgraph: one of the two is set, or both. */
export interface SubgraphTrust {
  /** Key of the tokens between processes. */
  readonly internalSecret?: string | undefined;
  /** Check of callers' own tokens. */
  readonly callerTokens?: CallerTokenOptions | undefined;
}

/** Settings that `trustOf` reads. A process that serves a subgraph names them, with the rule `subgraphKey`. */
export const TRUST_SETTINGS = [
  'SUBGRAPH_AUTH',
  'INTERNAL_SECRET',
  'AUTH_SECRET',
  'AUTH_JWKS_URL',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
] as const;

/** Trust by the settings, which were checked together: what the chosen way needs is set. */
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

/** Identifies the caller, or refuses the request: `UNAUTHENTICATED` or `AUTHENTICATION_UNAVAILABLE`. */
export type Authorize = (request: FastifyRequest) => Promise<Caller | Refusal>;

/**
 * @param audience of the internal tokens: `database`, `diagnosis`, `router`, `recorder` or `operator`
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
