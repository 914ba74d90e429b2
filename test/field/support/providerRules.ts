/** What providers demand of a history, whichever model it is for. */
import { z } from 'zod';

export const modelMessage = z.object({
  role: z.string(),
  content: z.unknown(),
  tool_calls: z.array(z.object({ id: z.string(), function: z.object({ arguments: z.string() }) })).optional(),
  tool_call_id: z.string().optional(),
});
export type ModelMessage = z.output<typeof modelMessage>;

/** Why a history is refused, as providers say it. Undefined: it is taken. */
export function refusalOf(messages: readonly ModelMessage[]): string | undefined {
  const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls);
  const results = messages.flatMap(({ tool_call_id }) => tool_call_id ?? []);
  const open = calls.find(({ id }) => !results.includes(id));
  const isTwice = (ids: readonly string[]) => new Set(ids).size < ids.length;
  if (open) return `An assistant message with 'tool_calls' must be followed by tool messages: ${open.id}`;
  if (isTwice(calls.map(({ id }) => id)) || isTwice(results)) return 'Tool call ids must be unique';
  if (results.some((result) => !calls.some(({ id }) => id === result))) return 'A tool message needs a preceding call';
  if (!calls.every((call) => isObject(call.function.arguments))) return 'Arguments of a function must be a JSON object';
  if (messages.some(isEmpty)) return 'A message must have content or tool calls';
  return undefined;
}

const isEmpty = ({ role, content, tool_calls = [] }: ModelMessage) =>
  role === 'assistant' && tool_calls.length === 0 && (!content || content.toString().trim() === '');

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
