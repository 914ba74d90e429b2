/**
 * A model whose stream keeps to the rules of a history. Text is storable, each call has an id of its own, and the end
 * is told.
 * Calls are always run, whatever reason the model gives for its end. That reason is kept.
 */
import { randomUUID } from 'node:crypto';
import type { LanguageModelV3, LanguageModelV3StreamPart } from '@ai-sdk/provider';
import { wrapLanguageModel } from 'ai';
import { AnswerTooLong, StreamCutOff } from './answerErrors.ts';
import { storableText } from './storable.ts';

/** Characters of text, thoughts and tool input in one step. Postgres stores so much within its time limit. */
const LONGEST_STEP_CHARACTERS = 16 * 1024 * 1024;
/** Characters for which a part counts that brings none, such as the begin of a call. */
const OTHER_PART_CHARACTERS = 1_024;

/**
 * @param takenIds ids of calls in the history
 * @param ended receives the model's reason for its end
 */
export function orderly(
  model: LanguageModelV3,
  takenIds: ReadonlySet<string>,
  ended: (reason: string) => void,
): LanguageModelV3 {
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: 'v3',
      wrapStream: async ({ doStream }) => {
        const { stream, ...rest } = await doStream();
        return { ...rest, stream: stream.pipeThrough(inOrder(new Set(takenIds), ended)) };
      },
    },
  });
}

function inOrder(taken: Set<string>, ended: (reason: string) => void) {
  const halves = new Map<string, string>();
  let calls = 0;
  let characters = 0;
  let isOver = false;
  return new TransformStream<LanguageModelV3StreamPart, LanguageModelV3StreamPart>({
    transform(part, controller) {
      characters += 'delta' in part ? part.delta.length : OTHER_PART_CHARACTERS;
      if (characters > LONGEST_STEP_CHARACTERS) throw new AnswerTooLong(`over ${LONGEST_STEP_CHARACTERS} characters`);
      switch (part.type) {
        case 'text-delta':
        case 'reasoning-delta': {
          const [delta, half] = splitPair(`${halves.get(part.id) ?? ''}${part.delta}`);
          halves.set(part.id, half);
          if (delta !== '') controller.enqueue({ ...part, delta: storableText(delta) });
          return;
        }
        case 'text-end':
        case 'reasoning-end': {
          const half = halves.get(part.id);
          halves.delete(part.id);
          const type = part.type === 'text-end' ? 'text-delta' : 'reasoning-delta';
          if (half) controller.enqueue({ type, id: part.id, delta: storableText(half) });
          controller.enqueue(part);
          return;
        }
        case 'tool-call': {
          calls += 1;
          const given = storableText(part.toolCallId);
          const toolCallId = given === '' || taken.has(given) ? randomUUID() : given;
          taken.add(toolCallId);
          controller.enqueue({ ...part, toolCallId, toolName: storableText(part.toolName) });
          return;
        }
        case 'finish': {
          isOver = true;
          ended(part.finishReason.unified);
          const { raw } = part.finishReason;
          controller.enqueue(calls > 0 ? { ...part, finishReason: { unified: 'tool-calls', raw } } : part);
          return;
        }
        case 'error':
          isOver = true;
          controller.enqueue(part);
          return;
        default:
          controller.enqueue(part);
      }
    },
    flush(controller) {
      if (!isOver) controller.enqueue({ type: 'error', error: new StreamCutOff() });
    },
  });
}

/** Holds back the first half of a surrogate pair for the second. Some servers cut text anywhere. */
function splitPair(text: string): [whole: string, half: string] {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? [text.slice(0, -1), text.slice(-1)] : [text, ''];
}
