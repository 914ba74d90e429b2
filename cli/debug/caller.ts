/** The caller that a token names. The gateway checks tokens; here it is only read. */
import { decodeJwt } from 'jose';
import * as z from 'zod';

const claims = z.object({ sub: z.string(), roles: z.array(z.string()).catch([]) });

/** Reads `sub` and `roles`; null for a token that is no JWT, or names nobody. */
export function callerOf(token: string): z.output<typeof claims> | null {
  try {
    return claims.safeParse(decodeJwt(token)).data ?? null;
  } catch {
    return null;
  }
}
