/**
 * Tokens whose signature was found good, so that the next request with the same one costs no public-key arithmetic. What can
 * change is looked at every time: the clock, and the key. A token counts as verified only while the key that its header leads
 * to is the very one that verified it, so a provider's new keys, and keys that cannot be read any more, hold at once.
 */
import { hash } from 'node:crypto';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.ts';
import type { Caller } from './internalToken.ts';
import { isInTime } from './tokenTimes.ts';

const MAX_TOKENS = 1_000;
/** Of one whose claims may be held; larger ones are verified every time. */
const MAX_TOKEN_CHARACTERS = 4_000;
/** A key is found by the header alone. */
const NO_INPUT = { payload: '', signature: '' };

type Key = Awaited<ReturnType<JWTVerifyGetKey>>;

/** As `JWTVerifyGetKey` of jose, but where the key is at hand it need not be waited for. */
export type KeyOf = (...found: Parameters<JWTVerifyGetKey>) => Key | Promise<Key>;

/** The key that verified a token, and the header of the token, by which it was found. */
export interface UsedKey {
  readonly header: Parameters<JWTVerifyGetKey>[0];
  readonly key: Key;
}

export interface VerifiedToken {
  readonly caller: Caller;
  /** Checked, but for the time. */
  readonly payload: JWTPayload;
  readonly used: UsedKey;
  readonly leewaySeconds: number;
}

export interface VerifiedTokens {
  /** Who the token is of; undefined: it must be verified. At once if `keyOf` answers at once; throws what `keyOf` does. */
  find(token: string, keyOf: KeyOf): Caller | undefined | Promise<Caller | undefined>;
  keep(token: string, verified: VerifiedToken): void;
}

/** Holds no token, only its SHA-256. */
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
