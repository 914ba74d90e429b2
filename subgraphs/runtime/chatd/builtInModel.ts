/**
 * The default language model: needs no network, answers the same every time, at a human pace, and obeys a word at the
 * start of the last user message, so that anyone can make trouble at will:
 * `/slow N` streams for N seconds, then ends; `/stall` streams a few parts, then nothing, for ever;
 * `/hang` does so, too, and does not even heed being told to stop; `/fail` fails every
 * attempt, `/fail N` the first N; `/tool NAME` calls a tool, `/tool ONE,TWO` several at once. It implements the AI SDK's model interface, and is called
 * through the same `streamText` as any other.
 */
import {
  APICallError,
  type LanguageModelV3,
  type LanguageModelV3CallOptions,
  type LanguageModelV3Prompt,
  type LanguageModelV3StreamPart,
} from '@ai-sdk/provider';
import type { Clock } from '../../../common/clock.ts';

const WORD_PAUSE_MS = 40;
const SLOW_PAUSE_MS = 250;
const STALL_AFTER_WORDS = 5;
const INPUTS: Readonly<Record<string, object>> = { add_numbers: { a: 2, b: 3 } };
const NO_USAGE = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

/** The key of the provider options in which the worker says which attempt this is, from 1. */
export const BUILT_IN = 'builtIn';

export function builtInModel(clock: Clock): LanguageModelV3 {
  return {
    specificationVersion: 'v3',
    provider: 'built-in',
    modelId: 'built-in',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('The built-in model only streams')),
    doStream: async (options) => {
      const script = scriptFor(options);
      return { stream: ReadableStream.from(play(script, clock, options.abortSignal)) };
    },
  };
}

/** What one call will do: words with a pause before each, then an end. */
interface Script {
  readonly words: Iterable<string>;
  readonly pauseMs: number;
  /** Stops the words after so many milliseconds. */
  readonly forMs?: number;
  readonly end: 'stop' | 'stall' | 'hang' | { readonly calls: readonly { id: string; tool: string }[] };
}

function scriptFor({ prompt, providerOptions }: LanguageModelV3CallOptions): Script {
  const last = prompt.at(-1);
  if (last?.role === 'tool') return say(`The tool answered: ${JSON.stringify(last.content)}`);
  const text = lastUserText(prompt);
  const [, word, argument = ''] = /^\/(slow|stall|hang|fail|tool)\b\s*(\S*)/.exec(text) ?? [];
  switch (word) {
    case 'slow':
      return { words: endless(), pauseMs: SLOW_PAUSE_MS, forMs: numberOr(10, argument) * 1000, end: 'stop' };
    case 'stall':
    case 'hang':
      return { words: answerTo(text).slice(0, STALL_AFTER_WORDS), pauseMs: WORD_PAUSE_MS, end: word };
    case 'fail':
      if (Number(providerOptions?.[BUILT_IN]?.attempt ?? 1) <= numberOr(Infinity, argument)) throw failure();
      return say(text);
    case 'tool':
      return { words: [], pauseMs: 0, end: { calls: callsOf(argument, prompt.length) } };
    default:
      return say(text);
  }
}

/** Ids that no other step of the chat has: the history only grows. */
const callsOf = (names: string, historyLength: number) =>
  names.split(',').map((tool, place) => ({ id: `call-${historyLength}-${place + 1}`, tool }));

/** What stands after the word need not be a number: it may be the rest of a sentence. */
const numberOr = (otherwise: number, argument: string) => (/^\d+$/.test(argument) ? Number(argument) : otherwise);

const say = (text: string): Script => ({ words: answerTo(text), pauseMs: WORD_PAUSE_MS, end: 'stop' });

const answerTo = (text: string): string[] =>
  `You said: ${text.trim() || 'nothing'} This answer comes from the built-in model, which always says the same.`.split(
    ' ',
  );

function* endless(): Generator<string> {
  for (let number = 1; ; number += 1) yield `word-${number}`;
}

const failure = () =>
  new APICallError({
    message: 'The built-in model was told to fail',
    url: 'built-in:',
    requestBodyValues: {},
    statusCode: 503,
    isRetryable: true,
  });

function lastUserText(prompt: LanguageModelV3Prompt): string {
  const message = prompt.findLast((candidate) => candidate.role === 'user');
  if (message?.role !== 'user') return '';
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

async function* play(script: Script, clock: Clock, signal?: AbortSignal): AsyncGenerator<LanguageModelV3StreamPart> {
  const startedMs = clock.monotonicMs();
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'text-start', id: '1' };
  for (const word of script.words) {
    await clock.sleep(script.pauseMs, signal);
    signal?.throwIfAborted();
    if (clock.monotonicMs() - startedMs >= (script.forMs ?? Infinity)) break;
    yield { type: 'text-delta', id: '1', delta: `${word} ` };
  }
  if (script.end === 'stall' || script.end === 'hang') await never(script.end === 'stall' ? signal : undefined);
  yield { type: 'text-end', id: '1' };
  if (typeof script.end === 'object') {
    for (const { id, tool } of script.end.calls) {
      yield { type: 'tool-call', toolCallId: id, toolName: tool, input: JSON.stringify(INPUTS[tool] ?? {}) };
    }
    yield { type: 'finish', usage: NO_USAGE, finishReason: { unified: 'tool-calls', raw: undefined } };
  } else {
    yield { type: 'finish', usage: NO_USAGE, finishReason: { unified: 'stop', raw: undefined } };
  }
}

/** Unless `signal` aborts: then it rejects with the signal's reason. */
const never = (signal?: AbortSignal) =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
