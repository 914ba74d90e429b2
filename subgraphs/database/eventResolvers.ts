/** The history of a chat. The parent of the fields is the chat's row, that of the types the row of their question. */
import { ACTOR_OF_CODE, STATE_OF_CODE } from '../../domain/chatEvents.ts';
import { pageSize } from '../../server/graphql/pageSize.ts';
import type { DatabaseContext } from './context.ts';
import { encodeVersion, type HistoryArguments, historyPage } from './historyPage.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { EventRow } from './questions/events.ts';
import type { SpanRow } from './questions/ownership.ts';

export const eventFields = {
  history: async ({ chatId }: ChatRow, args: HistoryArguments, { loaders }: DatabaseContext) => {
    const page = historyPage(args);
    const rows = await loaders.events(page).load(chatId);
    return rows && connection(rows.slice(0, page.limit - 1), rows.length === page.limit, page.before !== undefined);
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
