/**
 * A history in the form that every provider takes. Each call has one result, right behind the message with the call, under
 * an id and a name that are allowed. Messages of the model in which it said and called nothing are left out. The rows stay
 * as they are. Pure.
 */
import type { AssistantModelMessage, ModelMessage, ToolModelMessage } from 'ai';
import { LEFT_OPEN } from './openCalls.ts';

type AssistantPart = Exclude<AssistantModelMessage['content'], string>[number];
type Call = Extract<AssistantPart, { type: 'tool-call' }>;
type Result = Extract<ToolModelMessage['content'][number], { type: 'tool-result' }>;

/** Ids that the strictest of the common providers take. */
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

/** A result belongs to the oldest call before it that has its id and no result yet; one without such a call is nobody's. */
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

/** Whether somebody on this side has to answer it. */
const wantsResult = (part: { type: string }): part is Call =>
  part.type === 'tool-call' && !(part as Call).providerExecuted;

/** Requests for an approval belong to a conversation with the SDK that never took place here. */
const isUsual = (part: AssistantPart): boolean => part.type !== 'tool-approval-request';

const saysSomething = (part: AssistantPart): boolean =>
  part.type === 'text' ? part.text.trim() !== '' : part.type !== 'reasoning';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const allowedName = (name: string): string => name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'unnamed';

/** The id itself where it is allowed and new; else one that stays the same when the history grows. */
function freeId(id: string, taken: ReadonlySet<string>): string {
  if (ALLOWED.test(id) && !taken.has(id)) return id;
  let number = taken.size + 1;
  while (taken.has(`call-${number}`)) number += 1;
  return `call-${number}`;
}
