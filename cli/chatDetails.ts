/** `npm run chat -- show`: what an operator needs to name a message, a queued message or a tool call. */
import type { Pool } from 'pg';
import { openCalls } from '../subgraphs/runtime/chatd/openCalls.ts';
import { printable } from './printable.ts';

interface Row {
  readonly id: string;
  readonly role: string;
  readonly content: unknown;
}

export interface ChatDetails {
  readonly messages: readonly Row[];
  readonly queue: readonly Row[];
}

const LONGEST_LINE = 100;

export async function readChatDetails(pool: Pool, chatId: string): Promise<ChatDetails> {
  const messages = pool.query<Row>(
    'SELECT id, role::text AS role, content FROM chat_messages WHERE chat_id = $1 AND NOT deleted ORDER BY id',
    [chatId],
  );
  const queue = pool.query<Row>(
    `SELECT id, 'queued' AS role, content FROM chat_queued_messages WHERE chat_id = $1 ORDER BY position, id`,
    [chatId],
  );
  return { messages: (await messages).rows, queue: (await queue).rows };
}

export function describeChat({ messages, queue }: ChatDetails): string {
  const calls = openCalls(messages).map((call) => `open call ${call.toolCallId} of ${call.toolName}`);
  return [...[...messages, ...queue].map(line), ...calls].join('\n');
}

function line({ id, role, content }: Row): string {
  const text = printable(textOf(content)).replace(/\s+/g, ' ');
  return `${id.padStart(6)}  ${role.padEnd(9)}  ${text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1)}…` : text}`;
}

function textOf(content: unknown): string {
  const parts: unknown[] = Array.isArray(content) ? content : [content];
  return parts
    .map((part) => (typeof part === 'object' && part && 'text' in part ? String(part.text) : JSON.stringify(part)))
    .join(' ');
}
