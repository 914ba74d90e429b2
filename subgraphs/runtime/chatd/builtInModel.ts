/**
 * The default language model. It needs no network, and answers the same every time, at a human pace.
 * A word at the start of the last user message makes trouble at will:
 *
 *   `/slow N`        streams for N seconds, then ends
 *   `/stall`         streams a few parts, then nothing, for ever
 *   `/hang`          does the same, and ignores being told to stop
 *   `/fail`, `/fail N`  fails every attempt, or the first N
 *   `/busy N`        refuses the first attempt and asks for a pause of N seconds
 *   `/tool NAME`     calls a tool, `/tool ONE,TWO` several at once
 *   `/loop NAME`     calls the tool at every step, for ever
 *   `/empty REASON`  ends without a word, for this finish reason
 *   `/reason`        thinks aloud until its length is used up, and says nothing
 *
 * It implements the AI SDK's model interface, and is called through the same `streamText` as any other.
 */
import {
  APICallError,
  type LanguageModelV3,
  type LanguageModelV3CallOptions,
  type LanguageModelV3FinishReason,
  type LanguageModelV3Prompt,
  type LanguageModelV3StreamPart,
} from '@ai-sdk/provider';
import type { Clock } from '../../../common/clock.ts';

const WORD_PAUSE_MS = 40;
const SLOW_PAUSE_MS = 250;
const STALL_AFTER_WORDS = 5;
const LOOPED_TOOL = 'current_time';
const INPUTS: Readonly<Record<string, object>> = { add_numbers: { a: 2, b: 3 } };
const NO_USAGE = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

/** Key of the provider options in which the worker gives the number of the attempt, from 1. */
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

type FinishReason = LanguageModelV3FinishReason['unified'];
const FINISH_REASONS: readonly FinishReason[] = ['stop', 'length', 'content-filter', 'tool-calls', 'other'];

/** Script of one call: words with a pause before each, then an end. */
interface Script {
  readonly words: Iterable<string>;
  /** Kind of the words; left out: they are said. */
  readonly as?: 'reasoning';
  readonly pauseMs: number;
  /** Milliseconds after which the words stop. */
  readonly forMs?: number;
  readonly end: FinishReason | 'stall' | 'hang' | { readonly calls: readonly { id: string; tool: string }[] };
}

function scriptFor({ prompt, providerOptions }: LanguageModelV3CallOptions): Script {
  const last = prompt.at(-1);
  const text = lastUserText(prompt);
  const [, word, argument = ''] = /^\/(slow|stall|hang|fail|busy|tool|loop|empty|reason)\b\s*(\S*)/.exec(text) ?? [];
  if (last?.role === 'tool' && word !== 'loop') return say(`The tool answered: ${JSON.stringify(last.content)}`);
  const attempt = Number(providerOptions?.[BUILT_IN]?.attempt ?? 1);
  switch (word) {
    case 'slow':
      return { words: endless(), pauseMs: SLOW_PAUSE_MS, forMs: numberOr(10, argument) * 1000, end: 'stop' };
    case 'stall':
    case 'hang':
      return { words: answerTo(text).slice(0, STALL_AFTER_WORDS), pauseMs: WORD_PAUSE_MS, end: word };
    case 'fail':
      if (attempt <= numberOr(Infinity, argument)) throw failure();
      return say(text);
    case 'busy':
      if (attempt === 1) throw busy(numberOr(10, argument));
      return say(text);
    case 'tool':
      return { words: [], pauseMs: 0, end: { calls: callsOf(argument, prompt.length) } };
    case 'loop':
      return { words: [], pauseMs: 0, end: { calls: callsOf(argument || LOOPED_TOOL, prompt.length) } };
    case 'empty':
      return { words: [], pauseMs: 0, end: FINISH_REASONS.find((reason) => reason === argument) ?? 'stop' };
    case 'reason':
      return { words: answerTo(text), as: 'reasoning', pauseMs: WORD_PAUSE_MS, end: 'length' };
    default:
      return say(text);
  }
}

/** Calls with ids that no other step of the chat has: the history only grows. */
const callsOf = (names: string, historyLength: number) =>
  names.split(',').map((tool, place) => ({ id: `call-${historyLength}-${place + 1}`, tool }));

/** Number after a word; the rest of a sentence may stand there instead. */
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

const busy = (seconds: number) =>
  new APICallError({
    message: 'The built-in model was told to be busy',
    url: 'built-in:',
    requestBodyValues: {},
    statusCode: 429,
    responseHeaders: { 'retry-after': String(seconds) },
    isRetryable: true,
  });

function lastUserText(prompt: LanguageModelV3Prompt): string {
  const message = prompt.findLast((candidate) => candidate.role === 'user');
  if (message?.role !== 'user') return '';
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

async function* play(script: Script, clock: Clock, signal?: AbortSignal): AsyncGenerator<LanguageModelV3StreamPart> {
  const startedMs = clock.monotonicMs();
  const { end, as: kind = 'text' } = script;
  yield { type: 'stream-start', warnings: [] };
  yield { type: `${kind}-start`, id: '1' };
  for (const word of script.words) {
    await clock.sleep(script.pauseMs, signal);
    signal?.throwIfAborted();
    if (clock.monotonicMs() - startedMs >= (script.forMs ?? Infinity)) break;
    yield { type: `${kind}-delta`, id: '1', delta: `${word} ` };
  }
  if (end === 'stall' || end === 'hang') return never(end === 'stall' ? signal : undefined);
  yield { type: `${kind}-end`, id: '1' };
  for (const { id, tool } of typeof end === 'object' ? end.calls : []) {
    yield { type: 'tool-call', toolCallId: id, toolName: tool, input: JSON.stringify(INPUTS[tool] ?? {}) };
  }
  const unified = typeof end === 'object' ? 'tool-calls' : end;
  yield { type: 'finish', usage: NO_USAGE, finishReason: { unified, raw: undefined } };
}

/** Never resolves. It rejects with the signal's reason if `signal` aborts. */
const never = (signal?: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
