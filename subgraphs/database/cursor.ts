/** A place in a list of chats, as the opaque text that a client holds between two pages. Pure. */

import * as z from 'zod';
import { parsedJson } from '../../common/json.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { placeMoment } from '../../server/graphql/listPlaces.ts';
import { isStoredMoment } from './storedMoment.ts';

/** Order by `updatedAt`: newest first, or oldest first for suspect chats. */
export type ChatOrder = 'newest' | 'oldest';

export interface CursorPlace {
  /**
   * RFC 3339 in UTC with microseconds, or Postgres' own text such as `infinity`. Milliseconds would skip or repeat
   * chats. Null: the chat of a view has no time; it comes before all others in the newest order, and after them in the
   * oldest.
   */
  readonly updatedAt: string | null;
  readonly chatId: string;
}

const content = z.tuple([
  z.enum(['newest', 'oldest']),
  placeMoment.or(z.string().refine(isStoredMoment)).or(z.null()),
  z.guid().lowercase(),
]);

export const encodeCursor = (order: ChatOrder, place: CursorPlace): string =>
  Buffer.from(JSON.stringify([order, place.updatedAt, place.chatId])).toString('base64url');

/** @throws GraphQLError `BAD_USER_INPUT` for a text that is no cursor, or one of a list in another order */
export function decodeCursor(order: ChatOrder, cursor: string): CursorPlace {
  const parsed = content.safeParse(parsedJson(Buffer.from(cursor, 'base64url').toString()));
  if (!parsed.success)
    throw clientError('BAD_USER_INPUT', '`after` is no cursor: give an `endCursor` as it was received.');
  const [cursorOrder, updatedAt, chatId] = parsed.data;
  if (cursorOrder !== order) {
    throw clientError('BAD_USER_INPUT', '`after` comes from a list in another order: `suspect: true` has its own.');
  }
  return { updatedAt, chatId };
}
