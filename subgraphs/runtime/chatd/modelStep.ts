/** One call of the model with its tools: streams into a buffer, and gives back the messages to commit. */
import type { LanguageModelV3 } from '@ai-sdk/provider';
import { type ModelMessage, stepCountIs, streamText, type TextStreamPart, type ToolSet } from 'ai';
import { BUILT_IN } from './builtInModel.ts';
import type { NewMessage, StreamPart } from './messages.ts';

export interface StepInput {
  readonly model: LanguageModelV3;
  readonly tools: ToolSet;
  readonly history: ModelMessage[];
  /** From 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Called for each part, in order, as it comes. */
  readonly onPart: (part: StreamPart) => void;
  /** Called whenever anything comes, parts that are not kept included. */
  readonly onProgress: () => void;
}

export interface Step {
  readonly messages: readonly NewMessage[];
  /** Whether the model waits for what its tools answered. */
  readonly goesOn: boolean;
  /** Whether it called a tool that the worker does not run: somebody outside has to answer. */
  readonly waitsForOutside: boolean;
}

/** @throws what the model threw, or the signal's reason */
export async function callModel(input: StepInput): Promise<Step> {
  const { model, tools, history, attempt, signal, onPart, onProgress } = input;
  const result = streamText({
    model,
    tools,
    messages: history,
    abortSignal: signal,
    maxRetries: 0, // retries are recorded in the chat's row, where others can see them
    stopWhen: stepCountIs(1), // the next step begins with the committed history
    providerOptions: { [BUILT_IN]: { attempt } },
    onError: () => {}, // comes as a part, too
  });
  const outside = new Set<string>();
  for await (const part of result.fullStream) {
    onProgress();
    if (part.type === 'error') throw part.error;
    if (part.type === 'abort') signal.throwIfAborted();
    if (part.type === 'tool-call' && !Object.hasOwn(tools, part.toolName)) outside.add(part.toolCallId);
    const kept = keep(part);
    if (kept) onPart(kept);
  }
  signal.throwIfAborted();
  const { messages } = await result.response;
  const goesOn = (await result.finishReason) === 'tool-calls';
  return { messages: withoutResults(messages, outside), goesOn, waitsForOutside: outside.size > 0 };
}

/** The SDK answers calls of tools that it does not know by itself; here their calls stay open. */
function withoutResults(messages: readonly NewMessage[], outside: ReadonlySet<string>): NewMessage[] {
  const answersOutside = (part: { toolCallId?: string }) => outside.has(part.toolCallId ?? '');
  return messages.flatMap((message): NewMessage[] => {
    if (message.role !== 'tool' || !Array.isArray(message.content)) return [message];
    const content = message.content.filter((part) => !answersOutside(part));
    return content.length > 0 ? [{ ...message, content }] : [];
  });
}

function keep(part: TextStreamPart<ToolSet>): StreamPart | undefined {
  switch (part.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return { type: part.type, text: part.text };
    case 'tool-call':
      return { type: 'tool-call', toolCallId: part.toolCallId, toolName: part.toolName, input: part.input };
    case 'tool-result':
      return { type: 'tool-result', toolCallId: part.toolCallId, toolName: part.toolName, output: part.output };
    default:
      return undefined;
  }
}
