/** Messages of a chat's history: their stored form, and the remains of a step that was cut short. Pure. */

/** A message to be committed. `content` is stored as it is, in the form of the AI SDK's messages. */
export interface NewMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: unknown;
  /**
   * Reason for which the model ended the step, on the assistant's message of a whole step. All messages of a cut step
   * have `interrupted`.
   */
  readonly finishReason?: string;
}

/** `chats.last_error`. `message` is for a person, without anything of the chat's content. */
export interface LastError {
  readonly kind: string;
  readonly message: string;
  readonly provider: string;
  readonly status_code: number | null;
  readonly retryable: boolean;
}

/** A person's text, in its stored form. */
export const textContent = (text: string) => [{ type: 'text', text }];

/** A part of a model's answer as it is buffered and streamed to readers. */
export type StreamPart =
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'tool-call'; readonly toolCallId: string; readonly toolName: string; readonly input: unknown }
  | { readonly type: 'tool-result'; readonly toolCallId: string; readonly toolName: string; readonly output: unknown };

type ToolCall = Extract<StreamPart, { type: 'tool-call' }>;
type ToolResult = Extract<StreamPart, { type: 'tool-result' }>;

/**
 * Makes messages of the parts so far: the model's words and calls, and the results that exist. A call without a result
 * stays open.
 */
export function messagesOf(parts: readonly StreamPart[]): NewMessage[] {
  const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
  const calls = parts.filter((part): part is ToolCall => part.type === 'tool-call');
  const results = parts.filter((part): part is ToolResult => part.type === 'tool-result');
  const content = [...(text ? textContent(text) : []), ...calls];
  if (content.length === 0) return [];
  const assistant: NewMessage = { role: 'assistant', content };
  return results.length > 0 ? [assistant, { role: 'tool', content: results.map(resultPart) }] : [assistant];
}

const resultPart = ({ toolCallId, toolName, output }: ToolResult) => ({
  ...{ type: 'tool-result', toolCallId, toolName },
  output: { type: 'json', value: output ?? null },
});
