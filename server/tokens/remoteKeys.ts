/**
 * The public keys of an identity provider: a JWK set behind a URL (RFC 7517). They are read
 *
 * - with the first token;
 * - again in the background, once they are ten minutes old;
 * - at once for a token that names an unknown key: that is how a provider rotates.
 *
 * Keys once read serve for a day while the provider does not answer, so that an outage locks nobody out.
 */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../log.ts';

const READ_TIMEOUT_MS = 2_000;
/** Milliseconds between two readings. Invented key ids must not make us ask the provider for each. */
const PAUSE_MS = 5_000;
const REFRESH_AFTER_MS = 10 * 60_000;
const FORGET_AFTER_MS = 24 * 60 * 60_000;

/**
 * Error if nothing can be said about a token: the keys cannot be read, or the named one makes no sense. The cause is
 * for the log.
 */
export class KeysUnavailableError extends Error {
  override name = 'KeysUnavailableError';
}

/**
 * Makes a function that finds the key of a token. It throws KeysUnavailableError, or a JOSEError if none or several
 * fit.
 * @param url http or https; redirects are not followed
 */
export function makeRemoteKeys(url: URL, { clock, log }: { clock: Clock; log: Logger }): JWTVerifyGetKey {
  // Pauses of jose go by the wall clock, and it knows none after a failure. So `read` alone decides when to ask.
  const never = Number.POSITIVE_INFINITY;
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: READ_TIMEOUT_MS,
    cooldownDuration: never,
    cacheMaxAge: never,
  });
  let readAtMs: number | undefined;
  let triedAtMs: number | undefined;
  let reading: Promise<void> | undefined;
  const since = (momentMs: number | undefined) => (momentMs === undefined ? never : clock.monotonicMs() - momentMs);
  const mayRead = () => reading !== undefined || since(triedAtMs) >= PAUSE_MS;

  const readNow = async () => {
    triedAtMs = clock.monotonicMs();
    try {
      await keys.reload();
      readAtMs = clock.monotonicMs();
    } catch (cause) {
      log.error({ err: cause }, "the public keys of callers' tokens could not be read");
      throw new KeysUnavailableError('The keys cannot be read', { cause });
    } finally {
      reading = undefined;
    }
  };
  const read = () => {
    reading ??= readNow();
    return reading;
  };
  const find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      log.error({ err: cause, kid: header.kid }, "a public key of callers' tokens cannot be used");
      throw new KeysUnavailableError('The key cannot be used', { cause });
    }
  };

  return async (header, token) => {
    if (since(readAtMs) > FORGET_AFTER_MS) {
      if (!mayRead()) throw new KeysUnavailableError('The keys could not be read a moment ago');
      await read();
    } else if (since(readAtMs) > REFRESH_AFTER_MS && mayRead()) {
      read().catch(() => {}); // it is in the log
    }
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayRead()) throw error;
      await read();
      return find(header, token);
    }
  };
}
