/**
 * A history in the form that every provider takes; the rows stay as they are. Pure.
 * Each call has one result, right behind its message, under an id and a name that are allowed.
 * Model messages without text and calls are left out.
 */
import type { AssistantModelMessage, ModelMessage, ToolModelMessage } from 'ai';
import { LEFT_OPEN } from './openCalls.ts';

type AssistantPart = Exclude<AssistantModelMessage['content'], string>[number];
type Call = Extract<AssistantPart, { type: 'tool-call' }>;
type Result = Extract<ToolModelMessage['content'][number], { type: 'tool-result' }>;

/** Ids that the strictest of the common providers takes. */
const ALLOWED = /^[a-zA-Z0-9_-]{1,40}$/;

export function callable(history: readonly ModelMessage[]): ModelMessage[] {
  const results = resultsByCall(history);
  const taken = new Set<string>();
  return history.flatMap((message): ModelMessage[] => {
    if (message.role === 'tool') return [];
    if (message.role !== 'assistant') return [message];
    if (typeof message.content === 'string') return message.content.trim() === '' ? [] : [message];
    const answers: Result[] = [];
    const content = message.content.filter(isUsual).map((part) => {
      if (!wantsResult(part)) return part;
      const toolCallId = freeId(part.toolCallId, taken);
      taken.add(toolCallId);
      const names = { toolCallId, toolName: allowedName(part.toolName) };
      answers.push({ type: 'tool-result', ...names, output: results.get(part)?.output ?? leftOpen });
      return { ...part, ...names, input: isObject(part.input) ? part.input : {} };
    });
    if (!content.some(saysSomething)) return [];
    const assistant: AssistantModelMessage = { ...message, content };
    return answers.length > 0 ? [assistant, { role: 'tool', content: answers }] : [assistant];
  });
}

/**
 * Finds the result of each call. A result belongs to the oldest open call before it with the same id; one without a
 * call is ignored.
 */
function resultsByCall(history: readonly ModelMessage[]): Map<Call, Result> {
  const open: Call[] = [];
  const results = new Map<Call, Result>();
  for (const { role, content } of history) {
    if (typeof content === 'string') continue;
    for (const part of content) {
      if (role === 'assistant' && wantsResult(part)) open.push(part);
      if (role !== 'tool' || part.type !== 'tool-result') continue;
      const place = open.findIndex(({ toolCallId }) => toolCallId === part.toolCallId);
      const [call] = place >= 0 ? open.splice(place, 1) : [];
      if (call) results.set(call, part);
    }
  }
  return results;
}

const leftOpen: Result['output'] = { type: 'error-text', value: LEFT_OPEN };

/** True if somebody on this side has to answer the call. */
const wantsResult = (part: { type: string }): part is Call =>
  part.type === 'tool-call' && !(part as Call).providerExecuted;

/** False for requests for an approval, which belong to a conversation with the SDK that never took place here. */
const isUsual = (part: AssistantPart): boolean => part.type !== 'tool-approval-request';

const saysSomething = (part: AssistantPart): boolean =>
  part.type === 'text' ? part.text.trim() !== '' : part.type !== 'reasoning';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const allowedName = (name: string): string => name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'unnamed';

/** Id for the call: its own if allowed and new, else one that stays the same when the history grows. */
function freeId(id: string, taken: ReadonlySet<string>): string {
  if (ALLOWED.test(id) && !taken.has(id)) return id;
  let number = taken.size + 1;
  while (taken.has(`call-${number}`)) number += 1;
  return `call-${number}`;
}
