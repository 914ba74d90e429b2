/** The resolvers of the schema, by type: scalars, the root, and the types of the other files. */

import type { GraphQLResolveInfo } from 'graphql';
import { clientError } from '../../server/graphql/errors.ts';
import { JSON as JSONValue, scalars } from '../../server/graphql/scalars.ts';
import { listChats } from './chatList.ts';
import { ChatDatabaseState, ChatDebugSnapshot, readableChat } from './chatResolvers.ts';
import type { DatabaseContext } from './context.ts';
import { eventTypes } from './eventResolvers.ts';
import { DatabaseHealth, readDatabaseHealth } from './healthResolvers.ts';
import { Heartbeat } from './heartbeat.ts';
import { historyTypes } from './historyResolvers.ts';
import { listReplicas, Replica, replicaById } from './replicaResolvers.ts';

const MOST_CHATS = 100;

const Query = {
  chatDebugSnapshot: async (
    _parent: unknown,
    { chatId }: { chatId: string },
    context: DatabaseContext,
    info: GraphQLResolveInfo,
  ) => readableChat(chatId, context, info),
  chatDebugSnapshots: async (
    _parent: unknown,
    { chatIds }: { chatIds: string[] },
    context: DatabaseContext,
    info: GraphQLResolveInfo,
  ) => {
    if (chatIds.length <= MOST_CHATS) return chatIds.map((chatId) => readableChat(chatId, context, info));
    throw clientError('BAD_USER_INPUT', `At most ${MOST_CHATS} ids at once. Received ${chatIds.length}.`);
  },
  chats: listChats,
  replicas: listReplicas,
  database: readDatabaseHealth,
  replica: async (_parent: unknown, { id }: { id: string }, context: DatabaseContext) => replicaById(id, context),
};

export const resolvers = {
  ...scalars,
  JSON: JSONValue,
  Query,
  ChatDebugSnapshot,
  ChatDatabaseState,
  ...historyTypes,
  ...eventTypes,
  Heartbeat,
  Replica,
  DatabaseHealth,
};
