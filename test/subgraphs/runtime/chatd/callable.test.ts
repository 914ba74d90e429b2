/** Histories of every kind, as crashes, edits by hand and odd models leave them: each can be sent to a model. */
import { describe, expect, test } from '@jest/globals';
import type { ModelMessage } from 'ai';
import fc from 'fast-check';
import { textContent } from '../../../../domain/messages.ts';
import { callable } from '../../../../subgraphs/runtime/chatd/callable.ts';
import { LEFT_OPEN, openCalls, toolMessage } from '../../../../subgraphs/runtime/chatd/openCalls.ts';

const id = fc.constantFrom('a', 'b', 'c', '', 'not allowed!', 'call-1', 'x'.repeat(80));
const call = fc.record({
  type: fc.constant('tool-call' as const),
  toolCallId: id,
  toolName: fc.constantFrom('ask', '', 'odd name', 'x'.repeat(80)),
  input: fc.constantFrom<unknown>({}, { a: 1 }, null, 5, [], 'text'),
});
const result = fc.record({
  type: fc.constant('tool-result' as const),
  toolCallId: id,
  toolName: fc.constant('ask'),
  output: fc.nat(9).map((value) => ({ type: 'json' as const, value })),
});
const words = fc.constantFrom('', ' ', 'words').map((text) => ({ type: 'text' as const, text }));
const thoughts = fc.constant({ type: 'reasoning' as const, text: 'hm' });
const message: fc.Arbitrary<ModelMessage> = fc.oneof(
  fc.constant<ModelMessage>({ role: 'user', content: textContent('hello') as { type: 'text'; text: string }[] }),
  fc.constantFrom('', 'words').map((content): ModelMessage => ({ role: 'assistant', content })),
  fc
    .array(fc.oneof(words, call, call, thoughts), { maxLength: 4 })
    .map((content): ModelMessage => ({ role: 'assistant', content })),
  fc.array(result, { maxLength: 3 }).map((content): ModelMessage => ({ role: 'tool', content })),
);
const history = fc.array(message, { maxLength: 8 });

const partsOf = ({ content }: ModelMessage) => (Array.isArray(content) ? content : []);
const idsIn = (messages: readonly ModelMessage[], type: 'tool-call' | 'tool-result') =>
  messages.flatMap((each) =>
    partsOf(each).flatMap((part) => (part.type === type && 'toolCallId' in part ? [part.toolCallId] : [])),
  );
const asks = (toolCallId: string): ModelMessage => ({
  role: 'assistant',
  content: [{ type: 'tool-call', toolCallId, toolName: 'ask', input: {} }],
});
const answers = (toolCallId: string, value: string): ModelMessage => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId, toolName: 'ask', output: { type: 'text', value } }],
});
const says = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] });

describe('what a model is called with', () => {
  test('has one result for each call, right behind it, under ids that come once', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const sent = callable(messages);
        sent.forEach((each, place) => {
          const called = idsIn([each], 'tool-call');
          const next = sent[place + 1];
          if (called.length > 0) expect(idsIn(next ? [next] : [], 'tool-result')).toEqual(called);
          if (each.role === 'tool')
            expect(idsIn(sent.slice(place - 1, place), 'tool-call')).toHaveLength(each.content.length);
        });
        const ids = idsIn(sent, 'tool-call');
        expect(new Set(ids).size).toBe(ids.length);
        for (const each of ids) expect(each).toMatch(/^[\w-]{1,40}$/);
        expect(ids).toHaveLength(idsIn(messages, 'tool-call').length);
        expect(callable(sent)).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  test('leaves what people said where it was', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const people = (list: readonly ModelMessage[]) => list.filter(({ role }) => role === 'user');
        expect(people(callable(messages))).toEqual(people(messages));
      }),
    );
  });

  test('gives a result that came late to its call, drops a second one, and says what was left open', () => {
    const sent = callable([
      ...[says('one'), asks('a'), says('two'), answers('a', 'late'), answers('a', 'again')],
      ...[answers('b', 'too early'), asks('b'), says('three')],
    ]);
    expect(sent).toEqual([
      ...[says('one'), asks('a'), answers('a', 'late'), says('two'), asks('b')],
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'b', toolName: 'ask', output: { type: 'error-text', value: LEFT_OPEN } },
        ],
      },
      says('three'),
    ]);
  });

  test('gives each of two calls with one id its own result', () => {
    const sent = callable([asks('a'), answers('a', 'first'), asks('a'), answers('a', 'second')]);
    expect(JSON.stringify(sent[3])).toContain('second');
    expect(idsIn(sent, 'tool-call')).toEqual(['a', 'call-2']);
  });
});

test('whatever is open is closed by one message, so that it is never closed again', () => {
  fc.assert(
    fc.property(history, (messages) => {
      const open = openCalls(messages);
      expect(openCalls([...messages, toolMessage(open)])).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
