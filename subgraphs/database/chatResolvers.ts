/** One chat in the shape of the schema. The parent of every resolver here is the chat's row. */
import type { GraphQLResolveInfo } from 'graphql';
import { executionState } from '../../domain/executionState.ts';
import { mayRead, requireReadAll } from '../../server/graphql/rights.ts';
import { requireUuid } from '../../server/graphql/scalars.ts';
import type { DatabaseContext } from './context.ts';
import { eventFields } from './eventResolvers.ts';
import { heartbeatState, toHeartbeat } from './heartbeat.ts';
import { historyFields, unansweredFields } from './historyResolvers.ts';
import { orLacking } from './lackingFields.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { assertReadable } from './tables/sources.ts';
import { candidates, troubleFields } from './troubleResolvers.ts';
import { saysTimedOut } from './unavailable.ts';
import { readableFields, unreadableFields } from './unreadable.ts';

/** Row of a chat; null if it does not exist or is not the caller's to read. */
export async function readableChat(
  chatId: string,
  context: DatabaseContext,
  info: GraphQLResolveInfo,
): Promise<ChatRow | null> {
  if (context.readable.kind === 'none') return null;
  const loaded = context.loaders.chats.load(chatId); // it comes before all else that is asked of the chat
  context.askAtOnce(chatId, info);
  const chat = await loaded;
  return chat && mayRead(context.caller, chat) ? chat : null;
}

/** Replaces leases that took too long by none, so that the chat itself is answered. */
function noneIfLate(error: unknown): [] {
  if (saysTimedOut(error)) return [];
  throw error;
}

const runtimeOf = ({ chatId }: ChatRow, workerId: string) => ({ chatId, workerId });

export const ChatDebugSnapshot = {
  __resolveReference: async (reference: { chatId: unknown }, context: DatabaseContext, info: GraphQLResolveInfo) =>
    readableChat(requireUuid(reference.chatId), context, info),
  executionState: async ({ chatId, status, archived }: ChatRow, _args: unknown, { loaders }: DatabaseContext) =>
    executionState({ status, archived, queueDepth: await loaders.queueDepths.load(chatId) }),
  database: (chat: ChatRow) => chat,
  runtime: (chat: ChatRow) => (chat.workerId === null ? null : runtimeOf(chat, chat.workerId)),
  everywhere: async (chat: ChatRow, _args: unknown, { caller, loaders }: DatabaseContext) => {
    requireReadAll(caller);
    const workerIds = new Set(await loaders.recentReplicaIds());
    if (chat.workerId !== null) workerIds.add(chat.workerId);
    return [...workerIds].sort().map((workerId) => runtimeOf(chat, workerId));
  },
  candidates,
  ...eventFields,
};

/** Id that stands for an owner who is not known (RFC 9562): the field has no null. It gives nobody any rights. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

export const ChatDatabaseState = {
  ...orLacking(readableFields),
  ownerId: ({ ownerId }: ChatRow) => ownerId ?? NOBODY,
  ...historyFields,
  ...troubleFields,
  queueDepth: (chat: ChatRow, _args: unknown, { loaders }: DatabaseContext) => loaders.queueDepths.load(chat.chatId),
  heartbeat: async (chat: ChatRow, _args: unknown, { loaders, reading }: DatabaseContext) => {
    if (chat.runnerId === null) return null;
    const { platform } = await reading.moment();
    assertReadable(platform.tables, 'chat_heartbeats');
    const rows = await loaders.heartbeats.load(chat.chatId);
    const row = rows.find(({ runnerId }) => runnerId === chat.runnerId);
    return row ? toHeartbeat(row, platform) : null;
  },
  heartbeatState: (chat: ChatRow, _args: unknown, context: DatabaseContext) => heartbeatState(chat, context),
  heartbeats: async (chat: ChatRow, _args: unknown, { loaders, reading }: DatabaseContext) => {
    const rows = await loaders.heartbeats.load(chat.chatId).catch(noneIfLate); // `heartbeatState` says why
    const { platform } = await reading.moment();
    return rows.map((row) => toHeartbeat(row, platform));
  },
  heartbeatsReadable: async ({ chatId }: ChatRow, _args: unknown, { loaders, reading }: DatabaseContext) =>
    (await reading.moment()).heartbeatsReadable && !(await loaders.couldNotReadLeases(chatId)),
  unreadable: async (chat: ChatRow, _args: unknown, context: DatabaseContext) =>
    (await Promise.all([unreadableFields(chat, context), unansweredFields(chat, context)])).flat(),
  messageStats: (chat: ChatRow, _args: unknown, { loaders }: DatabaseContext) => loaders.messageStats.load(chat.chatId),
};
