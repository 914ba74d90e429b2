/** Who asks: the `sub` and the `roles` of a bearer JWT (RFC 6750, RFC 7519), HS256 over AUTH_SECRET, that expires. */
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '../common/clock.ts';
import { type Caller, callerClaims } from '../common/internalToken.ts';
import { unauthenticated } from '../subgraphs/errors.ts';

export type Identify = (authorization: string | undefined) => Promise<Caller>;

/** The result throws `unauthenticated()` for no token and for any that is not good. */
export function makeIdentify({ authSecret, clock }: { authSecret: string; clock: Clock }): Identify {
  const key = new TextEncoder().encode(authSecret);
  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw unauthenticated();
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
        currentDate: clock.now(),
      });
      return callerClaims.parse(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) throw unauthenticated();
      throw error;
    }
  };
}
