import { SignJWT } from 'jose';

interface TokenClaims {
  /** Owner of the chats that may be read: `sub` of the token. */
  readonly sub: string;
  readonly roles: readonly string[];
  readonly lifetimeSeconds: number;
  /** Issuer and audience, `iss` and `aud`, where the gateway wants them. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** Signs a caller's token for the gateway: a JWT, HS256 over AUTH_SECRET. */
export async function signCallerToken(authSecret: string, claims: TokenClaims, now: Date): Promise<string> {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const wanted = {
    ...(claims.issuer !== undefined && { iss: claims.issuer }),
    ...(claims.audience !== undefined && { aud: claims.audience }),
  };
  return new SignJWT({ roles: [...claims.roles], ...wanted })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(claims.sub)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + claims.lifetimeSeconds)
    .sign(new TextEncoder().encode(authSecret));
}
