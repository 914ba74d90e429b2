import { SignJWT } from 'jose';

export interface TokenClaims {
  /** Whose chats may be read: `sub` of the token. */
  readonly sub: string;
  readonly roles: readonly string[];
  readonly lifetimeSeconds: number;
}

/** A caller's token for the gateway: a JWT, HS256 over AUTH_SECRET. */
export async function signCallerToken(authSecret: string, claims: TokenClaims, now: Date): Promise<string> {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  return new SignJWT({ roles: [...claims.roles] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(claims.sub)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + claims.lifetimeSeconds)
    .sign(new TextEncoder().encode(authSecret));
}
