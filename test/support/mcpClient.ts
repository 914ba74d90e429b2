/** Assistants for tests: the official client of the Model Context Protocol, over HTTP and over a terminal's standard input. */

import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { until } from './until.ts';

/** Protocols that clients speak: of 2025 with a handshake, and of 2026 without one. */
type Generation = 'legacy' | 'auto';

const makeClient = (mode: Generation) =>
  new Client({ name: 'a-test', version: '1.0.0' }, { versionNegotiation: { mode } });

/** @returns a client that has connected; its user closes it */
async function connectHttp(gateway: { url: string }, token: string, mode: Generation = 'auto'): Promise<Client> {
  const client = makeClient(mode);
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`), { requestInit }));
  return client;
}

/** Call at the top of a test file. Clients are closed after each test. */
export function assistantsPerTest() {
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  const kept = (client: Client) => {
    clients.push(client);
    return client;
  };
  return {
    overHttp: async (...call: Parameters<typeof connectHttp>) => kept(await connectHttp(...call)),
    /** Runs `chat-debug mcp`, as an assistant on the person's machine does. */
    overStdio: async (gateway: { url: string }, token: string, mode: Generation = 'auto') => {
      const client = makeClient(mode);
      const script = fileURLToPath(new URL('../../dist/cli/chatDebug.js', import.meta.url));
      const transport = new StdioClientTransport({
        ...{ command: process.execPath, args: [script, 'mcp'], stderr: 'inherit' },
        env: { CHAT_DEBUG_URL: gateway.url, CHAT_DEBUG_TOKEN: token },
      });
      await client.connect(transport);
      return kept(client);
    },
  };
}

/** What a tool answered. */
interface ToolAnswer {
  readonly isError: boolean;
  /** Structured content; undefined for an error. */
  readonly data: Record<string, unknown> | undefined;
  /** All its text. */
  readonly text: string;
}

/** Calls a tool. The client itself holds the answer against the schema that the tool announced. */
export async function callTool(client: Client, name: string, given: Record<string, unknown> = {}): Promise<ToolAnswer> {
  const { isError = false, structuredContent, content = [] } = await client.callTool({ name, arguments: given });
  const text = content.flatMap((one) => (one.type === 'text' ? [one.text] : [])).join('\n');
  return { isError, data: structuredContent as ToolAnswer['data'], text };
}

/** Answers of every tool that tells of a chat, of those in trouble, or of replicas. */
export const allAnswers = async (client: Client, chatId: string) => ({
  why: await callTool(client, 'why', { chatId }),
  everywhere: await callTool(client, 'why', { chatId, everywhere: true }),
  snapshot: await callTool(client, 'snapshot', { chatId }),
  history: await callTool(client, 'history', { chatId }),
  stuck: await callTool(client, 'stuck', { first: 50 }),
  replicas: await callTool(client, 'replicas'),
});

/** Verdict and findings with their severities, to compare what was told in two ways. */
interface Essence {
  readonly verdict: string;
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
}
const inWords = ({ verdict, findings }: Essence) =>
  [verdict, ...findings.map(({ code, severity }) => `${severity} ${code}`)].join(', ');

/**
 * Asks as an assistant does, and holds the answer against GraphQL's. A chat that moves on between the two is asked again.
 * @param asGraphql the diagnosis now
 */
export async function expectToldTheSame(
  gateway: { url: string },
  token: string,
  question: { readonly chatId: string; readonly everywhere?: boolean },
  asGraphql: () => Promise<Essence>,
): Promise<void> {
  const client = await connectHttp(gateway, token);
  try {
    let said = { told: '', graphql: '' };
    await until(
      () => `the same in both ways, but an assistant is told ${said.told}, and GraphQL says ${said.graphql}`,
      async () => {
        const told = inWords((await callTool(client, 'why', { ...question })).data as unknown as Essence);
        said = { told, graphql: inWords(await asGraphql()) };
        return said.told === said.graphql;
      },
    );
  } finally {
    await client.close();
  }
}
