/** The check of who asks a worker: by the token that gateways sign for it, or by a key that both sides share. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** Keys of which at least one is set. */
export interface Trust {
  /** `INTERNAL_SECRET` of the gateway: tokens that it signs for this worker are taken. */
  readonly internalSecret?: string | undefined;
  /** `RUNTIME_KEY` of the gateway: the key itself is taken. */
  readonly key?: string | undefined;
}

/** `other`: a good token, but for another worker. */
type Check = 'good' | 'bad' | 'other';

const ISSUER = 'chat-debug-gateway';
const LEEWAY_SECONDS = 5;
const LIFETIME_SECONDS = 30;

/** @param authorization value of the header */
export function checkBearer(trust: Trust, workerId: string, authorization: string | undefined, now: Date): Check {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) return 'bad';
  if (trust.key !== undefined && isSame(token, trust.key)) return 'good';
  return trust.internalSecret === undefined ? 'bad' : checkToken(token, trust.internalSecret, workerId, now);
}

function checkToken(token: string, secret: string, workerId: string, now: Date): Check {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const signed = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  if (more.length > 0 || !isSame(signature, signed)) return 'bad';
  const { alg } = jsonIn(head);
  const { iss, aud, sub, exp } = jsonIn(body);
  const leftSeconds = typeof exp === 'number' ? exp - now.getTime() / 1_000 : Number.NaN;
  const isInTime = leftSeconds > -LEEWAY_SECONDS && leftSeconds <= LIFETIME_SECONDS + LEEWAY_SECONDS;
  if (alg !== 'HS256' || iss !== ISSUER || typeof sub !== 'string' || !isInTime) return 'bad';
  return aud === workerId ? 'good' : 'other';
}

/** Compares without telling by its time how much is right. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string) => hash('sha256', text, 'buffer');

function jsonIn(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
