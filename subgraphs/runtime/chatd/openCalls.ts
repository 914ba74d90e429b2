/** Tool calls that wait for a result: found in the history, answered, or closed as cancelled. Pure. */
import * as z from 'zod';
import type { NewMessage } from '../../../domain/messages.ts';
import type { ToolOutput } from '../../../domain/transitions.ts';

export interface OpenCall {
  readonly toolCallId: string;
  readonly toolName: string;
}

const callPart = z.object({ type: z.literal('tool-call'), toolCallId: z.string(), toolName: z.string() });
const resultPart = z.object({ type: z.literal('tool-result'), toolCallId: z.string() });

/** Word that begins each result of a call that ended without one; the model reads it in the result's place. */
export const CANCELLED = 'cancelled';
export const NOBODY_ANSWERED = 'cancelled: nobody answered this call before its deadline';
export const LEFT_OPEN = 'cancelled: the call was left without a result';

/**
 * Finds the calls without a result, in their order. Content of unknown form holds no calls.
 * A result belongs to the oldest open call before it with the same id, since ids can repeat.
 */
export function openCalls(history: readonly { content: unknown }[]): OpenCall[] {
  const open: OpenCall[] = [];
  for (const { content } of history) {
    for (const part of Array.isArray(content) ? (content as unknown[]) : []) {
      const call = callPart.safeParse(part).data;
      if (call) open.push({ toolCallId: call.toolCallId, toolName: call.toolName });
      const answered = resultPart.safeParse(part).data?.toolCallId;
      const place = open.findIndex(({ toolCallId }) => toolCallId === answered);
      if (place >= 0) open.splice(place, 1);
    }
  }
  return open;
}

/** Fault of the results as an answer to these calls, in words; undefined: none. */
export function mismatch(calls: readonly OpenCall[], results: readonly ToolOutput[]): string | undefined {
  const given = results.map((result) => result.toolCallId);
  const missing = calls.filter((call) => !given.includes(call.toolCallId)).map((call) => call.toolCallId);
  const unknown = given.filter((id) => !calls.some((call) => call.toolCallId === id));
  if (new Set(given).size < given.length) return 'a call is answered twice';
  if (missing.length > 0) return `no result was given for the call ${missing.join(', ')}`;
  if (unknown.length > 0) return `there is no open call ${unknown.join(', ')}`;
  return undefined;
}

/** Message with a result for each call: the given one, or `why` there is none. */
export function toolMessage(
  calls: readonly OpenCall[],
  results: readonly ToolOutput[] = [],
  why: string = CANCELLED,
): NewMessage {
  const content = calls.map(({ toolCallId, toolName }) => {
    const result = results.find((candidate) => candidate.toolCallId === toolCallId);
    const output = result ? { type: 'json', value: result.output ?? null } : { type: 'error-text', value: why };
    return { type: 'tool-result', toolCallId, toolName, output };
  });
  return { role: 'tool', content };
}
