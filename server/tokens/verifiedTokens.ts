/**
 * Tokens with a verified signature, so that the next request with one costs no public-key arithmetic.
 * The clock and the key are checked every time. A token counts only while its header leads to the very key that
 * verified it.
 * So a provider's new keys, and keys that can no longer be read, hold at once.
 */
import { hash } from 'node:crypto';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.ts';
import type { Caller } from './internalToken.ts';
import { isInTime } from './tokenTimes.ts';

const MAX_TOKENS = 1_000;
/** Characters of a token whose claims may be kept; larger ones are verified every time. */
const MAX_TOKEN_CHARACTERS = 4_000;
/** Empty input: a key is found by the header alone. */
const NO_INPUT = { payload: '', signature: '' };

type Key = Awaited<ReturnType<JWTVerifyGetKey>>;

/** Key finder like jose's `JWTVerifyGetKey`, which need not be awaited where the key is at hand. */
export type KeyOf = (...found: Parameters<JWTVerifyGetKey>) => Key | Promise<Key>;

/** Key that verified a token, and the token's header, by which it was found. */
export interface UsedKey {
  readonly header: Parameters<JWTVerifyGetKey>[0];
  readonly key: Key;
}

interface VerifiedToken {
  readonly caller: Caller;
  /** Claims, checked but for the time. */
  readonly payload: JWTPayload;
  readonly used: UsedKey;
  readonly leewaySeconds: number;
}

interface VerifiedTokens {
  /**
   * Caller of a token; undefined: it must be verified. It answers at once if `keyOf` does, and throws what `keyOf`
   * throws.
   */
  find(token: string, keyOf: KeyOf): Caller | undefined | Promise<Caller | undefined>;
  keep(token: string, verified: VerifiedToken): void;
}

/** Makes a cache that holds no token, only its SHA-256. */
export function makeVerifiedTokens(clock: Clock): VerifiedTokens {
  const held = new LRUCache<string, VerifiedToken>({ max: MAX_TOKENS });
  const nameOf = (token: string) => hash('sha256', token, 'base64');
  const stillCaller = (name: string, { used, payload, leewaySeconds, caller }: VerifiedToken, key: Key) => {
    if (key === used.key && isInTime(payload, leewaySeconds, clock.now())) return caller;
    held.delete(name);
    return undefined;
  };
  return {
    find: (token, keyOf) => {
      if (token.length > MAX_TOKEN_CHARACTERS) return undefined;
      const name = nameOf(token);
      const known = held.get(name);
      if (!known) return undefined;
      const key = keyOf(known.used.header, NO_INPUT);
      if (key instanceof Promise) return key.then((waitedFor) => stillCaller(name, known, waitedFor));
      return stillCaller(name, known, key);
    },
    keep: (token, verified) => {
      if (token.length <= MAX_TOKEN_CHARACTERS) held.set(nameOf(token), verified);
    },
  };
}
