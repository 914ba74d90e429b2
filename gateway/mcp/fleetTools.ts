/** Tools about many chats: stuck, replicas, incidents. */
import * as z from 'zod';
import { answered, chatUrl, MCP_OPERATIONS, type Problem, sentenceOf, ToolError } from './ask.ts';
import { named, toldSentence } from './diagnosis.ts';
import { foreign, marked, untrusted } from './foreign.ts';
import { chatId, consoleUrl, cursor, pageInfo, pageSizeInput, problems, tool } from './tool.ts';

const anything = z.looseObject({});

const suspects = z.object({
  chats: z.object({ edges: z.array(z.object({ node: z.object({ chatId: z.string() }) })), pageInfo }).nullable(),
});
const finding = z.object({ code: z.string(), severity: z.string() });
const evidence = z.array(z.object({ field: z.string(), value: z.string() }));
const suspectChats = z.object({
  chatDebugSnapshots: z.array(
    z
      .object({
        chatId: z.string(),
        executionState: z.string(),
        database: named
          .extend({ workerId: z.string().nullable(), updatedAgeSeconds: z.number().nullable() })
          .nullable(),
        diagnosis: z
          .object({ verdict: z.string(), summary: z.string(), findings: z.array(finding.extend({ evidence })) })
          .nullable(),
      })
      .nullable(),
  ),
});

export const stuck = tool({
  name: 'stuck',
  title: 'Chats in trouble',
  description:
    'Lists chats whose rows look like trouble, oldest trouble first, each with its verdict. Begin here when no chat id is known. An entry may turn out to be well: its verdict says so.',
  input: z.object({ first: pageSizeInput(50, 20), after: cursor }),
  output: z.object({
    ...{ problems, pageInfo },
    chats: z.array(
      z.object({
        ...{ chatId: z.string(), title: foreign.nullable(), executionState: z.string(), consoleUrl },
        verdict: z.string().nullable().describe('null: it could not be read'),
        summary: z.string().nullable(),
        findings: z.array(finding).describe('worst first'),
        workerId: z.string().nullable(),
        secondsSinceChange: z.number().nullable(),
      }),
    ),
  }),
  run: async ({ first, after = null }, asking) => {
    const listed = await answered(asking, MCP_OPERATIONS.stuck, { first, after }, suspects);
    if (!listed.data.chats) throw new ToolError(sentenceOf(listed.problems));
    const { edges, pageInfo: page } = listed.data.chats;
    const chats = edges.map(({ node }) => node.chatId);
    const none = { data: { chatDebugSnapshots: [] }, problems: [] as Problem[] };
    const read = chats.length === 0 ? none : await answered(asking, MCP_OPERATIONS.stuckChats, { chats }, suspectChats);
    return {
      pageInfo: page,
      problems: [...listed.problems, ...read.problems],
      chats: read.data.chatDebugSnapshots.flatMap((chat) => {
        if (!chat) return []; // deleted meanwhile, or not read: then a problem says so
        const { database, diagnosis } = chat;
        return {
          ...{ chatId: chat.chatId, executionState: chat.executionState, consoleUrl: chatUrl(asking, chat.chatId) },
          title: database && untrusted(database.title),
          verdict: diagnosis?.verdict ?? null,
          summary: diagnosis && toldSentence(diagnosis.summary, database, diagnosis.findings),
          findings: diagnosis?.findings.map(({ code, severity }) => ({ code, severity })) ?? [],
          workerId: database?.workerId ?? null,
          secondsSinceChange: database?.updatedAgeSeconds ?? null,
        };
      }),
    };
  },
});

const fleet = z.object({ replicas: z.array(anything).nullable(), database: anything.nullable() });

export const replicas = tool({
  name: 'replicas',
  title: 'Replicas and the database',
  description:
    'Lists the server processes that work on chats, and the health of the database: alive or not, how full, draining, what fails. Needs the role chat-debug:read-all.',
  input: z.object({}),
  output: z.object({ problems, replicas: z.array(anything), database: anything.nullable() }),
  run: async (_input, asking) => {
    const { data, problems: found } = await answered(asking, MCP_OPERATIONS.replicas, {}, fleet);
    if (!data.replicas) throw new ToolError(sentenceOf(found));
    return {
      problems: found,
      replicas: data.replicas.map((one) => anything.parse(marked(one))),
      database: data.database && anything.parse(marked(data.database)),
    };
  },
});

const incident = z.object({ id: z.string(), chatId: z.string(), summary: z.string() }).loose();
const incidentsAnswer = z.object({
  incidents: z.object({ edges: z.array(z.object({ node: incident })), pageInfo }).nullable(),
});

export const incidents = tool({
  name: 'incidents',
  title: 'Incidents',
  description:
    'Lists what was wrong with chats and since when, newest first, as the recorder noted it: also what has ended.',
  input: z.object({
    ...{ first: pageSizeInput(100, 20), after: cursor, chatId: chatId.optional().describe('only those of this chat') },
    open: z.boolean().optional().describe('true: only those that are open; false: only closed ones'),
  }),
  output: z.object({
    ...{ problems, pageInfo },
    incidents: z.array(
      z.object({ id: z.string(), chatId: z.string(), summary: foreign, consoleUrl: z.string().nullable() }).loose(),
    ),
  }),
  run: async ({ first, after = null, chatId: id = null, open = null }, asking) => {
    const variables = { first, after, filter: { chatId: id, open } };
    const { data, problems: found } = await answered(asking, MCP_OPERATIONS.incidents, variables, incidentsAnswer);
    if (!data.incidents)
      throw new ToolError(found[0]?.message ?? 'This gateway has no recorder, so no incident is noted.');
    return {
      ...{ problems: found, pageInfo: data.incidents.pageInfo },
      incidents: data.incidents.edges.map(({ node }) => ({
        ...node,
        summary: untrusted(node.summary), // it may quote the name of a tool that is not known here
        consoleUrl: chatUrl(asking, node.chatId),
      })),
    };
  },
});
