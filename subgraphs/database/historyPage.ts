/** A page of a chat's history, as its arguments ask for it, and a place in it as the text that a client holds. Pure. */
import * as z from 'zod';
import { parsedJson } from '../../common/json.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { pageSize } from '../../server/graphql/pageSize.ts';
import type { EventPage } from './questions/events.ts';

export interface HistoryArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly since?: Date | null;
  readonly until?: Date | null;
}

const DEFAULT_EVENTS = 50;

/**
 * One event more than asked for tells whether there is more.
 * @throws GraphQLError `BAD_USER_INPUT`
 */
export const historyPage = ({ first, after, since, until }: HistoryArguments): EventPage => ({
  before: after == null ? undefined : decodeVersion(after),
  since: since ?? undefined,
  until: until ?? undefined,
  limit: pageSize(first ?? DEFAULT_EVENTS) + 1,
});

/** Place in a history: a version of the chat. */
const place = z.tuple([z.literal('event'), z.int()]);

export const encodeVersion = (version: number): string =>
  Buffer.from(JSON.stringify(['event', version])).toString('base64url');

/** @throws GraphQLError `BAD_USER_INPUT` for a text that is no cursor of a history */
function decodeVersion(cursor: string): number {
  const parsed = place.safeParse(parsedJson(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data[1];
  throw clientError('BAD_USER_INPUT', '`after` is no cursor of a history: give an `endCursor` as it was received.');
}
