/** One call of the model with its tools. It streams into a buffer, and returns the messages to commit. */
import type { LanguageModelV3 } from '@ai-sdk/provider';
import { type ModelMessage, stepCountIs, streamText, type TextStreamPart, type ToolSet } from 'ai';
import type { NewMessage, StreamPart } from '../../../domain/messages.ts';
import { BUILT_IN } from './builtInModel.ts';
import type { History } from './history.ts';
import { orderly } from './orderly.ts';
import { storable } from './storable.ts';

interface StepInput {
  readonly model: LanguageModelV3;
  readonly tools: ToolSet;
  readonly history: History;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Called for each part, in order, as it comes. */
  readonly onPart: (part: StreamPart) => void;
  /** Called whenever anything comes, also for parts that are not kept. */
  readonly onProgress: () => void;
}

export interface ModelStep {
  /** Messages of the step. At least the model's own is there, even if empty: its finish reason says why. */
  readonly messages: readonly NewMessage[];
  /** Next actor: the model reads the worker's tool results, somebody outside answers, or the turn ends. */
  readonly next: 'model' | 'outside' | 'person';
}

/** @throws the model's error, or the signal's reason */
export async function callModel(input: StepInput): Promise<ModelStep> {
  const over = new AbortController();
  try {
    return await readStep({ ...input, connection: AbortSignal.any([input.signal, over.signal]) });
  } finally {
    over.abort(); // a server that goes on after an error, or falls silent, does not keep its connection
  }
}

async function readStep(input: StepInput & { readonly connection: AbortSignal }): Promise<ModelStep> {
  const { tools, history, attempt, signal, connection, onPart, onProgress } = input;
  let finishReason = 'other';
  const result = streamText({
    model: orderly(input.model, history.callIds, (reason) => {
      finishReason = reason;
    }),
    tools,
    messages: history.messages,
    allowSystemInMessages: true,
    abortSignal: connection,
    maxRetries: 0, // retries are recorded in the chat's row, where others can see them
    stopWhen: stepCountIs(1), // the next step begins with the committed history
    providerOptions: { [BUILT_IN]: { attempt } },
    onError: () => {}, // comes as a part, too
  });
  const outside = new Set<string>();
  let calls = 0;
  for await (const part of result.fullStream) {
    onProgress();
    if (part.type === 'error') throw part.error;
    if (part.type === 'abort') signal.throwIfAborted();
    if (part.type === 'tool-call') {
      calls += 1;
      if (!Object.hasOwn(tools, part.toolName)) outside.add(part.toolCallId);
    }
    const kept = keep(part);
    if (kept) onPart(kept);
  }
  signal.throwIfAborted();
  const { messages } = await result.response;
  const next = outside.size > 0 ? 'outside' : calls > 0 ? 'model' : 'person';
  return { messages: stepMessages(withoutResults(messages, outside), finishReason), next };
}

/** The model's own message comes first; the SDK makes none for a step in which the model said nothing. */
function stepMessages(messages: readonly NewMessage[], finishReason: string): NewMessage[] {
  const own = messages.find(({ role }) => role === 'assistant');
  const others = messages.filter((message) => message !== own);
  return [{ role: 'assistant', content: own?.content ?? [], finishReason }, ...others];
}

/**
 * Messages without results for outside tools. The SDK answers calls of unknown tools by itself; here they stay open.
 */
function withoutResults(messages: readonly ModelMessage[], outside: ReadonlySet<string>): NewMessage[] {
  const answersOutside = (part: object) => 'toolCallId' in part && outside.has(String(part.toolCallId));
  return messages.flatMap((message): NewMessage[] => {
    if (message.role !== 'tool') return [message];
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
      return storable({ type: part.type, toolCallId: part.toolCallId, toolName: part.toolName, input: part.input });
    case 'tool-result':
      return storable({ type: part.type, toolCallId: part.toolCallId, toolName: part.toolName, output: part.output });
    default:
      return undefined;
  }
}
