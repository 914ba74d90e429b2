/**
 * Callers' tokens: a JWT (RFC 7519) that expires, signed with a shared secret (HS256), or with a private key whose public
 * half the identity provider publishes. Which of the two is a setting and never the token's choice, so that a public key
 * can never pass for a shared secret; its header decides nothing but which of the provider's keys to try (RFC 8725).
 */
import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../log.ts';
import { type Caller, callerClaims } from './internalToken.ts';
import { KeysUnavailableError, makeRemoteKeys } from './remoteKeys.ts';
import { type KeyOf, makeVerifiedTokens, type UsedKey } from './verifiedTokens.ts';

const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** How far the clock of whoever made the token may be from ours. */
const LEEWAY_SECONDS = 5;

/** Exactly one of `authSecret` and `authJwksUrl` is set. */
export interface CallerTokenOptions {
  /** HS256. */
  readonly authSecret?: string | undefined;
  /** RS256, PS256, ES256 or EdDSA. */
  readonly authJwksUrl?: string | undefined;
  /** The `iss` that a token must have; unset: any or none. */
  readonly authIssuer?: string | undefined;
  /** An `aud` that a token must have; unset: any or none. */
  readonly authAudience?: string | undefined;
}

/** `unknown`: the provider's keys are out of reach; the log says why. `invalid`: whatever is wrong with it. */
export type CallerCheck = { kind: 'caller'; caller: Caller } | { kind: 'invalid' } | { kind: 'unknown' };

/**
 * Checks a bare token, without `Bearer`: at once if it was found good before and the key is at hand. Never throws for what a
 * client sent.
 */
export type CheckCallerToken = (token: string) => CallerCheck | Promise<CallerCheck>;

/** @throws TypeError unless exactly one way to check is given: the settings' check names them for a person */
export function makeCallerCheck(
  { authSecret, authJwksUrl, authIssuer, authAudience }: CallerTokenOptions,
  { clock, log }: { clock: Clock; log: Logger },
): CheckCallerToken {
  if ((authSecret === undefined) === (authJwksUrl === undefined)) {
    throw new TypeError("Callers' tokens are checked by a secret or by a JWK set, by one of them");
  }
  const secret = new TextEncoder().encode(authSecret);
  const key: KeyOf = authJwksUrl === undefined ? () => secret : makeRemoteKeys(new URL(authJwksUrl), { clock, log });
  const expected: JWTVerifyOptions = {
    algorithms: authJwksUrl === undefined ? ['HS256'] : PUBLIC_KEY_ALGORITHMS,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: LEEWAY_SECONDS,
    ...(authIssuer !== undefined && { issuer: authIssuer }),
    ...(authAudience !== undefined && { audience: authAudience }),
  };
  const verified = makeVerifiedTokens(clock);
  const verify = async (token: string, found: ReturnType<typeof verified.find>): Promise<CallerCheck> => {
    try {
      const known = await found;
      if (known) return { kind: 'caller', caller: known };
      const used: UsedKey[] = [];
      const remember: JWTVerifyGetKey = async (header, input) => {
        const found = await key(header, input);
        used.push({ header, key: found });
        return found;
      };
      const { payload, protectedHeader } = await jwtVerify(token, remember, { ...expected, currentDate: clock.now() });
      if (protectedHeader.crit !== undefined) return { kind: 'invalid' }; // jose knows one such extension; nobody needs it here
      const caller = callerClaims.parse(payload);
      if (used[0]) verified.keep(token, { caller, payload, used: used[0], leewaySeconds: LEEWAY_SECONDS });
      return { kind: 'caller', caller };
    } catch (error) {
      if (error instanceof KeysUnavailableError) return { kind: 'unknown' };
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) return { kind: 'invalid' };
      throw error;
    }
  };
  return (token) => {
    const known = verified.find(token, key);
    return known && !(known instanceof Promise) ? { kind: 'caller', caller: known } : verify(token, known);
  };
}
