/** Times at which a token is good. */
import type { JWTPayload } from 'jose';

/** True if a token is good at `now`, compared as jose's `jwtVerify` does (RFC 7519, sections 4.1.4 and 4.1.5). */
export function isInTime({ exp = 0, nbf = 0 }: JWTPayload, leewaySeconds: number, now: Date): boolean {
  const nowSeconds = Math.floor(now.getTime() / 1_000);
  return exp > nowSeconds - leewaySeconds && nbf <= nowSeconds + leewaySeconds;
}
