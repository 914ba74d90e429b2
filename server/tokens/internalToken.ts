/**
 * Tokens between processes: a JWT (RFC 7519), HS256 over INTERNAL_SECRET, for one audience and half a minute.
 * It holds the caller, so that the subgraph behind applies the caller's rights and not the gateway's.
 */
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { systemClock } from '../../common/clock.ts';
import { isInTime } from './tokenTimes.ts';

const ISSUER = 'chat-debug-gateway';
const LIFETIME_SECONDS = 30;
const LEEWAY_SECONDS = 5;
/**
 * Milliseconds for which a token is sent again. Most of its lifetime is then left for the way and for clocks that
 * differ.
 */
const REUSED_MS = 5_000;
const MAX_SIGNED = 2_000;
const MAX_VERIFIED = 2_000;
/** Characters of a token that is kept; a longer one is verified every time. */
const MAX_TOKEN_CHARACTERS = 4_000;

/** Caller: `sub` of the token, and the roles in it. */
export interface Caller {
  readonly sub: string;
  readonly roles: readonly string[];
  /** Id of the caller's token, its `jti`; unset: it has none. */
  readonly jti?: string;
  /** True for a process of the system that asks the gateway. Its internal token says so, and no claim of a caller. */
  readonly isProcess?: true;
}

/** Role that may read every chat, `everywhere`, `replica` and `replicas`. */
export const READ_ALL = 'chat-debug:read-all';
export const mayReadAll = (caller: Caller): boolean => caller.roles.includes(READ_ALL);

/** The gateway itself as a caller. */
export const OWN_CALLER: Caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };

export const callerClaims = z
  .object({
    sub: z.string().min(1).max(255),
    roles: z.array(z.string()).default([]),
    jti: z.string().max(255).optional().catch(undefined),
  })
  .transform(({ jti, ...claims }): Caller => (jti === undefined ? claims : { ...claims, jti }));

/** The recorder as a caller of the gateway. */
export const RECORDER_CALLER: Caller = { sub: 'chat-debug-recorder', roles: [READ_ALL] };

/** The operator as a caller of the gateway, when it looks whether an action helped. */
export const OPERATOR_CALLER: Caller = { sub: 'chat-debug-operator', roles: [READ_ALL] };

/** Audience: `gateway`, `database`, `diagnosis`, `router`, `recorder`, `operator`, or the id of a replica. */
export type Audience = string;

const key = (secret: string) => new TextEncoder().encode(secret);

const signed = new LRUCache<string, { readonly token: Promise<string>; readonly atMs: number }>({ max: MAX_SIGNED });

/** Signs for one audience, or returns the recent token for the same caller and audience. Call it for each request. */
export function signInternalToken(secret: string, audience: Audience, caller: Caller): Promise<string> {
  const whose = `${secret}\n${nameOf(caller)}${audience}`;
  const nowMs = systemClock.now().getTime();
  const last = signed.get(whose);
  if (last && nowMs >= last.atMs && nowMs - last.atMs < REUSED_MS) return last.token;
  const token = sign(secret, audience, caller, nowMs);
  signed.set(whose, { token, atMs: nowMs });
  token.catch(() => signed.delete(whose)); // whoever asked for it is told
  return token;
}

const names = new WeakMap<Caller, string>();

/** Unique name of a caller, in JSON, so that no name begins with another's. Requests of one token share one caller. */
function nameOf(caller: Caller): string {
  const known = names.get(caller);
  if (known !== undefined) return known;
  const name = JSON.stringify([caller.sub, caller.roles, caller.jti]);
  names.set(caller, name);
  return name;
}

const sign = (secret: string, audience: Audience, caller: Caller, nowMs: number): Promise<string> =>
  new SignJWT({ roles: [...caller.roles], ...(caller.jti !== undefined && { jti: caller.jti }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setSubject(caller.sub)
    .setExpirationTime(Math.floor(nowMs / 1_000) + LIFETIME_SECONDS)
    .sign(key(secret));

/**
 * Outcome of a check. `other-audience`: genuine, but meant for somebody else. `invalid`: missing, or wrong in any other
 * way.
 */
type TokenCheck = { kind: 'caller'; caller: Caller } | { kind: 'other-audience' } | { kind: 'invalid' };

/** Token in the value of an `Authorization` header (RFC 6750); undefined: none, or another kind. */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1];

/** Checks the value of an `Authorization` header. Never throws for a client's text. */
export async function checkInternalToken(
  { secret, audience, now }: { secret: string; audience: Audience; now: Date },
  authorization: string | undefined,
): Promise<TokenCheck> {
  const token = bearerToken(authorization);
  if (!token) return { kind: 'invalid' };
  try {
    const { payload, caller } = await verify(token, secret, now);
    const secondsLeft = (payload.exp ?? 0) - now.getTime() / 1000;
    if (secondsLeft > LIFETIME_SECONDS + LEEWAY_SECONDS) return { kind: 'invalid' };
    return payload.aud === audience ? { kind: 'caller', caller } : { kind: 'other-audience' };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) return { kind: 'invalid' };
    throw error;
  }
}

interface Verified {
  readonly payload: JWTPayload;
  readonly caller: Caller;
}

const verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });

/**
 * Verifies a token. A signature is checked once, since a gateway sends the same token for some seconds; times are
 * checked each time.
 */
async function verify(token: string, secret: string, now: Date): Promise<Verified> {
  const name = `${secret} ${token}`;
  const known = verified.get(name);
  if (known && isInTime(known.payload, LEEWAY_SECONDS, now)) return known;
  const { payload } = await jwtVerify(token, key(secret), {
    algorithms: ['HS256'],
    issuer: ISSUER,
    clockTolerance: LEEWAY_SECONDS,
    currentDate: now,
    requiredClaims: ['aud', 'exp', 'sub'],
  });
  const good = { payload, caller: callerClaims.parse(payload) };
  if (token.length <= MAX_TOKEN_CHARACTERS) verified.set(name, good);
  return good;
}
