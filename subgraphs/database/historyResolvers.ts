/** Fields of a chat from its history and its family. The parent of every resolver here is the chat's row. */

import { pageSize } from '../../server/graphql/pageSize.ts';
import { type ChatListArguments, connection } from './chatList.ts';
import type { DatabaseContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { questionsOfHistory } from './eventLoaders.ts';
import { unanswered } from './ownQuestion.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import type { LastMessageRow } from './questions/lastMessages.ts';
import type { OpenCallRow } from './questions/openCalls.ts';
import type { TurnRow } from './questions/turns.ts';
import { unreadable } from './unreadable.ts';

export const historyFields = {
  lastMessage: ({ chatId }: ChatRow, _args: unknown, { loaders }: DatabaseContext) => loaders.lastMessage.load(chatId),
  turn: ({ chatId }: ChatRow, _args: unknown, { loaders }: DatabaseContext) => loaders.turn.load(chatId),
  openCalls: ({ chatId }: ChatRow, _args: unknown, { loaders }: DatabaseContext) => loaders.openCalls.load(chatId),
  oldestQueuedAgeSeconds: ({ chatId }: ChatRow, _args: unknown, { loaders }: DatabaseContext) =>
    loaders.queueAges.load(chatId),
  lostChildren: ({ chatId }: ChatRow, _args: unknown, { loaders }: DatabaseContext) =>
    loaders.lostChildren.load(chatId),
  children: async (chat: ChatRow, args: Omit<ChatListArguments, 'filter'>, { loaders }: DatabaseContext) => {
    const first = pageSize(args.first);
    const after = args.after == null ? undefined : decodeCursor('newest', args.after);
    const rows = await loaders.children({ after, limit: first + 1 }).load(chat.chatId); // one more tells whether there is more
    return connection(rows.slice(0, first), {
      order: 'newest',
      hasNextPage: rows.length > first,
      hasPreviousPage: after !== undefined,
    });
  },
};

/** @throws GraphQLError `VALUE_UNREADABLE` for a stored time that is no moment */
function timeOf(time: Date | null, isSayable: boolean | null, field: string): Date | null {
  if (isSayable === false) throw unreadable(field);
  return time;
}

/** Types that hang on a chat. The parent of each resolver is the row of its question. */
export const historyTypes = {
  LastMessage: { createdAt: async (row: LastMessageRow) => timeOf(row.createdAt, row.isTimeSayable, 'createdAt') },
  Turn: { startedAt: async (row: TurnRow) => timeOf(row.startedAt, row.isTimeSayable, 'startedAt') },
  OpenCall: { since: async (row: OpenCallRow) => timeOf(row.since, row.isTimeSayable, 'since') },
};

/**
 * Names of a chat's fields whose questions failed, took too long or had too much to read. Only fields that the
 * operation asks for are named.
 */
export async function unansweredFields({ chatId }: ChatRow, { loaders }: DatabaseContext): Promise<string[]> {
  const { lastMessage, turn, openCalls, lostChildren, trouble, debugRun, messageStats } = loaders;
  const questions = { lastMessage, turn, openCalls, lostChildren, trouble, debugRun, messageStats };
  const names = await unanswered(chatId, { ...questions, ...questionsOfHistory(loaders) });
  const found = names.includes('turn') ? undefined : await turn.asked(chatId);
  return found?.toolCalls === null ? [...names, 'turn.toolCalls'] : names;
}
