/** A page of incidents, as its arguments ask for it, and a place in the list as the text that a client holds. Pure. */
import { z } from 'zod';
import { parsedJson } from '../../common/json.ts';
import { clientError } from '../../server/graphql/errors.ts';

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;

/** Place in the list: time of opening in UTC with microseconds, and id. */
export interface Place {
  readonly openedAt: string;
  readonly id: string;
}

/** @throws GraphQLError `BAD_USER_INPUT` */
export function pageSize(first: number | null | undefined): number {
  const size = first ?? DEFAULT_PAGE;
  if (size >= 1 && size <= LARGEST_PAGE) return size;
  throw clientError('BAD_USER_INPUT', `\`first\` must be 1 to ${LARGEST_PAGE}. Received ${size}.`);
}

const content = z.tuple([z.literal('incident'), z.iso.datetime({ precision: 6 }), z.guid().lowercase()]);

export const encodePlace = ({ openedAt, id }: Place): string =>
  Buffer.from(JSON.stringify(['incident', openedAt, id])).toString('base64url');

/** @throws GraphQLError `BAD_USER_INPUT` for a text that is no cursor of a list of incidents */
export function decodePlace(cursor: string): Place {
  const parsed = content.safeParse(parsedJson(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return { openedAt: parsed.data[1], id: parsed.data[2] };
  throw clientError('BAD_USER_INPUT', '`after` is no cursor of incidents: give an `endCursor` as it was received.');
}
