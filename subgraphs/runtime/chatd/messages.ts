/** Messages of a chat's history: what is stored, and what a step that was cut short leaves of them. */
import { type ModelMessage, modelMessageSchema } from 'ai';
import type { ClientBase, Pool } from 'pg';
import { z } from 'zod';

/** A message to be committed. `content` is stored as it is, in the form of the AI SDK's messages. */
export interface NewMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: unknown;
}

/** `chats.last_error`. `message` is for a person, without anything of the chat's content. */
export interface LastError {
  readonly kind: string;
  readonly message: string;
  readonly provider: string;
  readonly status_code: number | null;
  readonly retryable: boolean;
}

/** What a person writes, in the form in which it is stored. */
export const textContent = (text: string) => [{ type: 'text', text }];

/** @throws ZodError if the rows hold what no model can be called with */
export async function readHistory(database: Pool | ClientBase, chatId: string): Promise<ModelMessage[]> {
  const { rows } = await database.query<NewMessage>({
    name: 'read-history',
    text: `SELECT role::text AS role, content FROM chat_messages WHERE chat_id = $1 AND NOT deleted ORDER BY id`,
    values: [chatId],
  });
  return z.array(modelMessageSchema).parse(rows);
}

/** A part of a model's answer as it is buffered and streamed to readers. */
export type StreamPart =
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'tool-call'; readonly toolCallId: string; readonly toolName: string; readonly input: unknown }
  | { readonly type: 'tool-result'; readonly toolCallId: string; readonly toolName: string; readonly output: unknown };

type ToolCall = Extract<StreamPart, { type: 'tool-call' }>;

/** The messages that the parts so far make. A call that has no result yet gets one that says that it was cancelled. */
export function messagesOf(parts: readonly StreamPart[]): NewMessage[] {
  const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
  const calls = parts.filter((part): part is ToolCall => part.type === 'tool-call');
  const content = [...(text ? textContent(text) : []), ...calls];
  if (content.length === 0) return [];
  const assistant: NewMessage = { role: 'assistant', content };
  return calls.length > 0 ? [assistant, { role: 'tool', content: resultsOf(calls, parts) }] : [assistant];
}

function resultsOf(calls: readonly ToolCall[], parts: readonly StreamPart[]) {
  return calls.map(({ toolCallId, toolName }) => {
    const result = parts.find((part) => part.type === 'tool-result' && part.toolCallId === toolCallId);
    const output =
      result?.type === 'tool-result'
        ? { type: 'json', value: result.output }
        : { type: 'error-text', value: 'cancelled' };
    return { type: 'tool-result', toolCallId, toolName, output };
  });
}
