/** A place in a list of chats, as the opaque text that a client holds between two pages. Pure. */
import { z } from 'zod';
import { clientError } from '../../server/graphql/errors.ts';
import { isStoredMoment } from './storedMoment.ts';

/** Newest `updatedAt` first, or, for suspect chats, oldest first. */
export type ChatOrder = 'newest' | 'oldest';

export interface Place {
  /** RFC 3339 in UTC with microseconds: milliseconds would skip or repeat chats. Else Postgres's own text: `infinity`. */
  readonly updatedAt: string;
  readonly chatId: string;
}

/** Postgres has no year 0. */
const moment = z.iso.datetime({ precision: 6 }).refine((text) => !text.startsWith('0000'));
const content = z.tuple([
  z.enum(['newest', 'oldest']),
  moment.or(z.string().refine(isStoredMoment)),
  z.guid().lowercase(),
]);

export const encodeCursor = (order: ChatOrder, place: Place): string =>
  Buffer.from(JSON.stringify([order, place.updatedAt, place.chatId])).toString('base64url');

/** @throws GraphQLError `BAD_USER_INPUT` if it is no cursor, or one of a list in another order */
export function decodeCursor(order: ChatOrder, cursor: string): Place {
  const parsed = content.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!parsed.success)
    throw clientError('BAD_USER_INPUT', '`after` is no cursor: give an `endCursor` as it was received.');
  const [cursorOrder, updatedAt, chatId] = parsed.data;
  if (cursorOrder !== order) {
    throw clientError('BAD_USER_INPUT', '`after` comes from a list in another order: `suspect: true` has its own.');
  }
  return { updatedAt, chatId };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
