/** One caller's view of the tools, as a server of the Model Context Protocol that serves one request. */
import { readFileSync } from 'node:fs';
import { type CallToolResult, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Logger } from '../../server/log.ts';
import { actTool } from './act.ts';
import { type ToolCall, ToolError } from './ask.ts';
import { history, preview, snapshot, why } from './chatTools.ts';
import { explain } from './explain.ts';
import { incidents, replicas, stuck } from './fleetTools.ts';
import { NOTICE } from './foreign.ts';
import type { Tool } from './tool.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

const READERS: readonly Tool[] = [why, stuck, snapshot, replicas, history, incidents, explain, preview];

const INSTRUCTIONS = `Says why chats of an agent platform are stuck, and who owns them. Begin with \`stuck\`, or with \`why\` for one chat; \`explain\` tells what a finding means. ${NOTICE}`;

/** Tools that the caller may call. What it may not is not there, so it is not listed either. */
export function toolsFor({ caller, hasOperator }: Pick<ToolCall, 'caller' | 'hasOperator'>): readonly Tool[] {
  const act = hasOperator ? actTool(caller.roles) : undefined;
  return act ? [...READERS, act] : READERS;
}

/** Makes the server. Nothing of it outlives the request. */
export function makeMcpServer(asking: ToolCall, log: Logger): McpServer {
  const server = new McpServer({ name: 'chat-debug-gateway', version }, { instructions: INSTRUCTIONS });
  for (const one of toolsFor(asking)) {
    const { name, title, description, input, output, acts = false } = one;
    const annotations = {
      ...{ title, readOnlyHint: !acts, destructiveHint: acts, idempotentHint: !acts, openWorldHint: false },
    };
    const config = { title, description, inputSchema: input, outputSchema: output, annotations };
    server.registerTool(name, config, async (given) => call(one, given, asking, log));
  }
  return server;
}

async function call(one: Tool, given: Record<string, unknown>, asking: ToolCall, log: Logger): Promise<CallToolResult> {
  try {
    const structuredContent = one.output.parse(await one.run(given, asking));
    return { structuredContent, content: [text(NOTICE), text(JSON.stringify(structuredContent))] };
  } catch (error) {
    if (error instanceof ToolError) return { isError: true, content: [text(error.message)] };
    log.error({ err: error, tool: one.name }, 'a tool failed');
    return { isError: true, content: [text('The gateway failed to answer this. Its log says why.')] };
  }
}

const text = (value: string) => ({ type: 'text' as const, text: value });
