/**
 * Callers' tokens: a JWT (RFC 7519) that expires.
 * It is signed with a shared secret (HS256), or with a private key whose public half the identity provider publishes.
 * A setting decides which, and never the token, so that a public key cannot pass for a shared secret.
 * The token's header only tells which of the provider's keys to try (RFC 8725).
 */
import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import { authenticationUnavailable, type Refusal, unauthenticated } from '../graphql/answer.ts';
import type { Logger } from '../log.ts';
import { type Caller, callerClaims } from './internalToken.ts';
import { KeysUnavailableError, makeRemoteKeys } from './remoteKeys.ts';
import { type KeyOf, makeVerifiedTokens, type UsedKey } from './verifiedTokens.ts';

const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** Seconds by which the clock of the token's maker may differ from ours. */
const LEEWAY_SECONDS = 5;

/** Options, of which exactly one of `authSecret` and `authJwksUrl` is set. */
export interface CallerTokenOptions {
  /** Shared secret for HS256. */
  readonly authSecret?: string | undefined;
  /** URL of the provider's keys, for RS256, PS256, ES256 or EdDSA. */
  readonly authJwksUrl?: string | undefined;
  /** Issuer, `iss`, that a token must have; unset: any or none. */
  readonly authIssuer?: string | undefined;
  /** Audience, `aud`, that a token must have; unset: any or none. */
  readonly authAudience?: string | undefined;
}

/**
 * Checks a bare token, without `Bearer`. It answers at once if the token was good before and the key is at hand.
 * Never throws for a client's text. Refusals:
 *
 * - UNAUTHENTICATED, whatever is wrong with the token.
 * - AUTHENTICATION_UNAVAILABLE while the provider's keys are out of reach; the log says why.
 */
type CheckCallerToken = (token: string) => Caller | Refusal | Promise<Caller | Refusal>;

/**
 * Makes the check.
 * @throws TypeError unless exactly one way to check is given; the settings' check names both for a person
 */
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
  const verify = async (token: string, found: ReturnType<typeof verified.find>): Promise<Caller | Refusal> => {
    try {
      const known = await found;
      if (known) return known;
      const used: UsedKey[] = [];
      const remember: JWTVerifyGetKey = async (header, input) => {
        const found = await key(header, input);
        used.push({ header, key: found });
        return found;
      };
      const { payload, protectedHeader } = await jwtVerify(token, remember, { ...expected, currentDate: clock.now() });
      if (protectedHeader.crit !== undefined) return unauthenticated(); // jose knows one such extension; nobody needs it here
      const caller = callerClaims.parse(payload);
      if (used[0]) verified.keep(token, { caller, payload, used: used[0], leewaySeconds: LEEWAY_SECONDS });
      return caller;
    } catch (error) {
      if (error instanceof KeysUnavailableError) return authenticationUnavailable();
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) return unauthenticated();
      throw error;
    }
  };
  return (token) => {
    const known = verified.find(token, key);
    return known && !(known instanceof Promise) ? known : verify(token, known);
  };
}
