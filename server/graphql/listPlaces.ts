/** Places in lists that are ordered by time, newest first, as the text that a client holds. Pure. */
import * as z from 'zod';
import { parsedJson } from '../../common/json.ts';
import { clientError } from './errors.ts';

/** Place in a list: time in UTC with microseconds, and id. */
export interface ListPlace {
  readonly at: string;
  readonly id: string;
}

/** Time in a cursor. Postgres has no year 0. */
export const placeMoment = z.iso.datetime({ precision: 6 }).refine((text) => !text.startsWith('0000'));

interface ListPlaces {
  encode(place: ListPlace): string;
  /** @throws GraphQLError `BAD_USER_INPUT` for a text that is no cursor of this list */
  decode(cursor: string): ListPlace;
}

/**
 * @param kind mark in the cursors, which keeps those of other lists out
 * @param listed what the list holds, for the error
 */
export function listPlaces(kind: string, listed: string): ListPlaces {
  const content = z.tuple([z.literal(kind), placeMoment, z.guid().lowercase()]);
  return {
    encode: ({ at, id }) => Buffer.from(JSON.stringify([kind, at, id])).toString('base64url'),
    decode: (cursor) => {
      const parsed = content.safeParse(parsedJson(Buffer.from(cursor, 'base64url').toString()));
      if (parsed.success) return { at: parsed.data[1], id: parsed.data[2] };
      throw clientError(
        'BAD_USER_INPUT',
        `\`after\` is no cursor of ${listed}: give an \`endCursor\` as it was received.`,
      );
    },
  };
}
