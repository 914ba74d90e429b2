/**
 * Tokens of offers: a JWT (RFC 7519), HS256 over INTERNAL_SECRET, which says what one caller was shown of one chat.
 * It is good for one action, for this caller, for five to six minutes, and only while the chat stays as it was.
 */
import { errors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { ActionName } from '../../domain/actions/names.ts';
import { clientError } from '../../server/graphql/errors.ts';

/** Issuer and audience; tokens between processes have others, so that none passes for the other kind. */
const NAME = 'chat-debug-operator';
const AUDIENCE = 'offer';
const MINUTE_MS = 60_000;
const LEAST_MINUTES = 5;
const MOST_CHARACTERS = 2_000;

/** State that a caller has looked at. */
export interface Expected {
  /** Version of a chat's row. Null: the target is a replica. */
  readonly version: number | null;
  readonly workerId: string | null;
  readonly runnerId: string | null;
}

/** Whom and what an offer is for. */
interface OfferedTo {
  readonly action: ActionName;
  readonly chatId: string;
  readonly sub: string;
}

type Read = { readonly expected: Expected; readonly isExpired: boolean } | undefined;

export interface OfferTokens {
  /** Time until which a token that is made now is good: a whole minute, so that equal offers of one minute are equal. */
  expiry(): Date;
  sign(to: OfferedTo, expected: Expected, expiresAt: Date): Promise<string>;
  /** @returns undefined for a token that is not for exactly this, or not ours. Never throws for a client's text. */
  read(token: string, to: OfferedTo): Promise<Read>;
}

const claims = z.object({
  ...{ sub: z.string(), act: z.string(), chat: z.string(), exp: z.number() },
  ...{ v: z.number(), w: z.string().nullable(), r: z.string().nullable() },
});

export function makeOfferTokens(secret: string, clock: Clock): OfferTokens {
  const key = new TextEncoder().encode(secret);
  return {
    expiry: () => new Date((Math.ceil(clock.now().getTime() / MINUTE_MS) + LEAST_MINUTES) * MINUTE_MS),
    sign: ({ action, chatId, sub }, { version, workerId, runnerId }, expiresAt) =>
      new SignJWT({ act: action, chat: chatId, v: version, w: workerId, r: runnerId })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(NAME)
        .setAudience(AUDIENCE)
        .setSubject(sub)
        .setExpirationTime(expiresAt)
        .sign(key),
    read: async (token, { action, chatId, sub }) => {
      if (token.length > MOST_CHARACTERS) return undefined;
      try {
        const expected = { algorithms: ['HS256'], issuer: NAME, audience: AUDIENCE };
        const { payload } = await jwtVerify(token, key, { ...expected, currentDate: new Date(0) }); // its time is looked at below
        const { v: version, w: workerId, r: runnerId, ...told } = claims.parse(payload);
        if (told.sub !== sub || told.act !== action || told.chat !== chatId) return undefined;
        return { expected: { version, workerId, runnerId }, isExpired: told.exp * 1_000 < clock.now().getTime() };
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof z.ZodError) return undefined;
        throw error;
      }
    },
  };
}

/** @throws GraphQLError `BAD_USER_INPUT`, which does not say what is wrong with the token */
export function requireOffer(read: Read): NonNullable<Read> {
  if (read) return read;
  throw clientError('BAD_USER_INPUT', 'This is no token of an offer for this action, this target and this caller.');
}

/** Error of a token whose time is over. */
export const offerExpired = () =>
  clientError('BAD_USER_INPUT', 'The offer has expired: it is good for 5 minutes. Look at the chat again.');
