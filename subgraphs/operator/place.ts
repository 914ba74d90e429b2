/** A place in the list of records, as the text that a client holds. Pure. */
import { z } from 'zod';
import { parsedJson } from '../../common/json.ts';
import { clientError } from '../../server/graphql/errors.ts';

/** Place in the list: time in UTC with microseconds, and id. */
export interface Place {
  readonly at: string;
  readonly id: string;
}

const content = z.tuple([z.literal('action'), z.iso.datetime({ precision: 6 }), z.guid().lowercase()]);

export const encodePlace = ({ at, id }: Place): string =>
  Buffer.from(JSON.stringify(['action', at, id])).toString('base64url');

/** @throws GraphQLError `BAD_USER_INPUT` for a text that is no cursor of a list of records */
export function decodePlace(cursor: string): Place {
  const parsed = content.safeParse(parsedJson(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return { at: parsed.data[1], id: parsed.data[2] };
  throw clientError('BAD_USER_INPUT', '`after` is no cursor of actions: give an `endCursor` as it was received.');
}
