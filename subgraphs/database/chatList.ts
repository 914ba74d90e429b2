/** The field `chats`: checks the arguments, reads one page, and hands its rows to the loaders. */

import { pageSize } from '../../server/graphql/pageSize.ts';
import { readableOwner } from './access.ts';
import type { ChatFilter } from './chatConditions.ts';
import { isNowhere } from './chatParts.ts';
import { indexesAlong } from './chatWays.ts';
import type { DatabaseContext } from './context.ts';
import { type ChatOrder, decodeCursor, encodeCursor } from './cursor.ts';
import { assertFilterable } from './lackingFields.ts';
import { chatPage, waitsOutside } from './questions/chatPage.ts';
import type { ChatPageRow } from './questions/chatsInOrder.ts';
import type { Moment, Transaction } from './transaction.ts';

export interface ChatListArguments {
  readonly filter?: ChatFilter | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

export async function listChats(_parent: unknown, args: ChatListArguments, context: DatabaseContext) {
  const filter = args.filter ?? {};
  const first = pageSize(args.first);
  const order: ChatOrder = filter.suspect ? 'oldest' : 'newest';
  const after = args.after == null ? undefined : decodeCursor(order, args.after);
  const rows = await readPage(context, { filter, order, after, limit: first + 1 }); // one more tells whether there is more
  return connection(rows.slice(0, first), {
    order,
    hasNextPage: rows.length > first,
    hasPreviousPage: after !== undefined,
  });
}

type Page = Pick<Parameters<typeof chatPage>[1], 'filter' | 'order' | 'after' | 'limit'>;

async function readPage(context: DatabaseContext, page: Page): Promise<ChatPageRow[]> {
  const { readable, reading, loaders } = context;
  if (readable.kind === 'none' || isNowhere(page.filter)) return [];
  const readableOf = readableOwner(readable);
  const question = async (tx: Transaction, moment: Moment) => {
    const { heartbeatsReadable, platform } = moment;
    assertFilterable(page.filter, platform.tables);
    const isOfSuspects = page.filter.suspect != null;
    const someWaitOutside = isOfSuspects && (await waitsOutside(tx, platform));
    const pools = isOfSuspects ? await loaders.pools(tx, moment) : undefined;
    const limits = { ...platform.thresholds, platform, heartbeatsReadable, someWaitOutside, pools, readableOf };
    return chatPage(tx, { ...page, limits, indexes: await moment.indexes('chats') });
  };
  const rows = await reading.askApart('chatPage', question, indexesAlong(page.filter, readableOf));
  for (const row of rows) loaders.chats.prime(row.chatId, row);
  return rows;
}

/** Page in the shape of the schema. */
export function connection(
  rows: readonly ChatPageRow[],
  { order, ...more }: { order: ChatOrder; hasNextPage: boolean; hasPreviousPage: boolean },
) {
  const edges = rows.map((node) => ({
    cursor: encodeCursor(order, { updatedAt: node.placeUpdatedAt, chatId: node.chatId }),
    node,
  }));
  const pageInfo = { ...more, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null };
  return { edges, pageInfo };
}
