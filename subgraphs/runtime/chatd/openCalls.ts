/** Tool calls that wait for a result: found in the history, answered, or closed as cancelled. Pure. */
import { z } from 'zod';
import type { NewMessage } from './messages.ts';
import type { ToolOutput } from './transitions.ts';

export interface OpenCall {
  readonly toolCallId: string;
  readonly toolName: string;
}

const callPart = z.object({ type: z.literal('tool-call'), toolCallId: z.string(), toolName: z.string() });
const resultPart = z.object({ type: z.literal('tool-result'), toolCallId: z.string() });

/** In the order in which they were made. Content that is not of the known form holds no calls. */
export function openCalls(history: readonly { content: unknown }[]): OpenCall[] {
  const parts = history.flatMap(({ content }): unknown[] => (Array.isArray(content) ? content : []));
  const answered = new Set(parts.map((part) => resultPart.safeParse(part).data?.toolCallId));
  const calls = parts.map((part) => callPart.safeParse(part).data).filter((call) => call !== undefined);
  return calls
    .filter((call) => !answered.has(call.toolCallId))
    .map(({ toolCallId, toolName }) => ({ toolCallId, toolName }));
}

/** What is wrong with the results as an answer to these calls, in words; undefined: nothing. */
export function mismatch(calls: readonly OpenCall[], results: readonly ToolOutput[]): string | undefined {
  const given = results.map((result) => result.toolCallId);
  const missing = calls.filter((call) => !given.includes(call.toolCallId)).map((call) => call.toolCallId);
  const unknown = given.filter((id) => !calls.some((call) => call.toolCallId === id));
  if (new Set(given).size < given.length) return 'a call is answered twice';
  if (missing.length > 0) return `no result was given for the call ${missing.join(', ')}`;
  if (unknown.length > 0) return `there is no open call ${unknown.join(', ')}`;
  return undefined;
}

/** One message with a result for each call: the given one, or that it was cancelled. */
export function toolMessage(calls: readonly OpenCall[], results: readonly ToolOutput[] = []): NewMessage {
  const content = calls.map(({ toolCallId, toolName }) => {
    const result = results.find((candidate) => candidate.toolCallId === toolCallId);
    const output = result ? { type: 'json', value: result.output } : { type: 'error-text', value: 'cancelled' };
    return { type: 'tool-result', toolCallId, toolName, output };
  });
  return { role: 'tool', content };
}
