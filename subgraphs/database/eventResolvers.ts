/** The history of a chat. The parent of the fields is the chat's row, that of the types the row of their question. */
import { z } from 'zod';
import { parsedJson } from '../../common/json.ts';
import { ACTOR_OF_CODE, STATE_OF_CODE } from '../../domain/chatEvents.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { pageSize } from './chatList.ts';
import type { DatabaseContext } from './context.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { EventRow } from './questions/events.ts';
import type { SpanRow } from './questions/ownership.ts';

interface HistoryArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly since?: Date | null;
  readonly until?: Date | null;
}

const DEFAULT_EVENTS = 50;

export const eventFields = {
  history: async ({ chatId }: ChatRow, args: HistoryArguments, { loaders }: DatabaseContext) => {
    const first = pageSize(args.first ?? DEFAULT_EVENTS);
    const before = args.after == null ? undefined : decodeVersion(args.after);
    const page = { before, since: args.since ?? undefined, until: args.until ?? undefined, limit: first + 1 };
    const rows = await loaders.events(page).load(chatId); // one more tells whether there is more
    return rows && connection(rows.slice(0, first), rows.length > first, before !== undefined);
  },
  ownership: async ({ chatId }: ChatRow, args: { first?: number | null }, { loaders }: DatabaseContext) =>
    loaders.ownership(pageSize(args.first)).load(chatId),
  recentOwners: ({ chatId }: ChatRow, _args: unknown, { loaders }: DatabaseContext) =>
    loaders.recentOwners.load(chatId),
};

export const eventTypes = {
  ChatEvent: {
    at: ({ eventAt }: EventRow) => eventAt,
    by: ({ by }: EventRow) => ACTOR_OF_CODE[by as keyof typeof ACTOR_OF_CODE] ?? 'UNKNOWN',
    fromState: ({ fromState }: EventRow) => (fromState === null ? null : stateOf(fromState)),
    toState: ({ toState }: EventRow) => stateOf(toState),
  },
  OwnershipSpan: { from: ({ fromAt }: SpanRow) => fromAt, until: ({ untilAt }: SpanRow) => untilAt },
};

const stateOf = (code: string) => STATE_OF_CODE[code] ?? 'INVALID';

function connection(rows: readonly EventRow[], hasNextPage: boolean, hasPreviousPage: boolean) {
  const edges = rows.map((node) => ({ cursor: encodeVersion(node.snapshotVersion), node }));
  const [startCursor, endCursor] = [edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null];
  return { edges, pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor } };
}

/** Place in a history: a version of the chat. */
const place = z.tuple([z.literal('event'), z.int()]);

const encodeVersion = (version: number): string =>
  Buffer.from(JSON.stringify(['event', version])).toString('base64url');

/** @throws GraphQLError `BAD_USER_INPUT` for a text that is no cursor of a history */
function decodeVersion(cursor: string): number {
  const parsed = place.safeParse(parsedJson(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data[1];
  throw clientError('BAD_USER_INPUT', '`after` is no cursor of a history: give an `endCursor` as it was received.');
}
