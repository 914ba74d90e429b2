/** Tools about one chat: why, snapshot, history, preview. */
import * as z from 'zod';
import { SNAPSHOT_OPERATION } from '../queries/snapshotOperation.ts';
import { answered, chatUrl, MCP_OPERATIONS, noSuchChat, sentenceOf, ToolError } from './ask.ts';
import { diagnosed, named, told, toldDiagnosis } from './diagnosis.ts';
import { foreign, marked, untrusted } from './foreign.ts';
import { chatId, consoleUrl, cursor, pageInfo, pageSizeInput, problems, tool } from './tool.ts';

const anything = z.looseObject({});
const chatOf = <Chat extends z.ZodObject>(chat: Chat) => z.object({ chatDebugSnapshot: chat.nullable() });

const whyAnswer = chatOf(
  z.object({ executionState: z.string(), database: named.nullable(), diagnosis: diagnosed.nullable() }),
);

export const why = tool({
  name: 'why',
  title: 'Why a chat is stuck',
  description:
    'Diagnoses one chat: the verdict, each finding with its evidence, and the next step. Begin here when a chat id is known. `everywhere` asks every replica, which alone finds a runner that should not exist; it needs the role chat-debug:read-all.',
  input: z.object({
    chatId,
    everywhere: z.boolean().default(false).describe('true: ask every replica, and not the owner alone'),
  }),
  output: told.extend({ chatId: z.string(), title: foreign, executionState: z.string(), consoleUrl, problems }),
  run: async ({ chatId: id, everywhere }, asking) => {
    const operation = MCP_OPERATIONS[everywhere ? 'whyEverywhere' : 'why'];
    const { data, problems: found } = await answered(asking, operation, { chat: id }, whyAnswer);
    const chat = data.chatDebugSnapshot;
    if (!chat) throw noSuchChat(id, found);
    if (!chat.diagnosis || !chat.database) throw new ToolError(sentenceOf(found));
    return {
      ...{ chatId: id, title: untrusted(chat.database.title), executionState: chat.executionState },
      ...toldDiagnosis(chat.diagnosis, chat.database),
      ...{ consoleUrl: chatUrl(asking, id), problems: found },
    };
  },
});

const snapshotAnswer = chatOf(
  z.object({ executionState: z.string(), database: anything, runtime: anything.nullable() }),
);

export const snapshot = tool({
  name: 'snapshot',
  title: 'Both halves of a chat',
  description:
    'Reads one chat without judging it: its row in the database, and what its owner holds in memory now. `why` is shorter and says what it means.',
  input: z.object({ chatId }),
  output: z.object({
    ...{ chatId: z.string(), executionState: z.string(), consoleUrl, problems },
    database: anything.describe('what is written down; fields as in the GraphQL type ChatDatabaseState'),
    runtime: anything
      .nullable()
      .describe('what the owner holds in memory; fields as in ChatRuntime; null: nobody owns it'),
  }),
  run: async ({ chatId: id }, asking) => {
    const { data, problems: found } = await answered(asking, SNAPSHOT_OPERATION, { chat: id }, snapshotAnswer);
    const chat = data.chatDebugSnapshot;
    if (!chat) throw noSuchChat(id, found);
    return {
      ...{ chatId: id, executionState: chat.executionState, consoleUrl: chatUrl(asking, id), problems: found },
      // A status that makes a state is one of those that are known.
      database: anything.parse(marked(chat.database, chat.executionState === 'INVALID' ? 'database' : '')),
      runtime: chat.runtime && anything.parse(marked(chat.runtime)),
    };
  },
});

const historyAnswer = chatOf(
  z.object({
    history: z.object({ edges: z.array(z.object({ node: anything })), pageInfo }).nullable(),
    recentOwners: z.array(anything).nullable(),
  }),
);

export const history = tool({
  name: 'history',
  title: 'What happened to a chat',
  description:
    'Lists the changes of one chat, newest first, and its last owners with how long each held it. No words of messages are in it.',
  input: z.object({ chatId, first: pageSizeInput(100, 30), after: cursor }),
  output: z.object({
    ...{ chatId: z.string(), consoleUrl, problems, pageInfo: pageInfo.nullable() },
    events: z.array(anything).nullable().describe('newest first; null: this database keeps no history'),
    recentOwners: z.array(anything).nullable(),
  }),
  run: async ({ chatId: id, first, after = null }, asking) => {
    const variables = { chat: id, first, after };
    const { data, problems: found } = await answered(asking, MCP_OPERATIONS.history, variables, historyAnswer);
    const chat = data.chatDebugSnapshot;
    if (!chat) throw noSuchChat(id, found);
    return {
      ...{ chatId: id, consoleUrl: chatUrl(asking, id), problems: found, pageInfo: chat.history?.pageInfo ?? null },
      events: chat.history?.edges.map(({ node }) => anything.parse(marked(node))) ?? null,
      recentOwners: chat.recentOwners,
    };
  },
});

const offer = z.object({
  action: z.string(),
  allowed: z.boolean(),
  whyNot: z.string().nullable(),
  from: z.string(),
  to: z.string().nullable(),
  changes: z.string().describe('what is lost, and what goes on'),
  answers: z.array(z.string()).describe('findings that it answers'),
  risk: z.string(),
  token: z.string().nullable().describe('for `act`: it names this chat as it is now, and is good for a short time'),
  expiresAt: z.string().nullable(),
});
const previewAnswer = chatOf(z.object({ executionState: z.string(), actions: z.array(offer).nullable() }));

export const preview = tool({
  name: 'preview',
  title: 'What may be done to a chat',
  description:
    'Lists the actions on one chat: whether each is allowed now, what it would change and what would be lost. It changes nothing.',
  input: z.object({ chatId }),
  output: z.object({
    ...{ chatId: z.string(), executionState: z.string(), consoleUrl, problems },
    offers: z.array(offer),
  }),
  run: async ({ chatId: id }, asking) => {
    const { data, problems: found } = await answered(asking, MCP_OPERATIONS.preview, { chat: id }, previewAnswer);
    const chat = data.chatDebugSnapshot;
    if (!chat) throw noSuchChat(id, found);
    if (!chat.actions)
      throw new ToolError(found[0]?.message ?? 'This gateway has no operator, so nothing can be done through it.');
    return {
      ...{ chatId: id, executionState: chat.executionState, offers: chat.actions },
      ...{ consoleUrl: chatUrl(asking, id), problems: found },
    };
  },
});
