/** Answers that models give beside those that everybody tests: odd characters, calls that cannot be run, no words at all. */
import { describe, expect, test } from '@jest/globals';
import { wordsOf } from '../support/diagnosed.ts';
import type { Field } from '../support/field.ts';
import { begin, callTool, delta, finish, type ModelCall, type ModelServer, say } from '../support/modelServer.ts';
import { turnsOf } from './turns.ts';

const WELL = { executionState: 'W', verdict: 'IDLE', severities: {} };

const toolCall = (index: number, id: string | undefined, name: string, input: string) => ({
  ...{ index, type: 'function', function: { name, arguments: input } },
  ...(id === undefined ? {} : { id }),
});

export function oddAnswers(field: Field, model: ModelServer): void {
  const { afterTurn, nextTurn, rolesOf } = turnsOf(field, model);

  describe('an answer with characters that the database does not take', () => {
    test.each([
      ['U+0000', '\u0000'],
      ['half of a surrogate pair', '\ud83d'],
      ['a noncharacter', '\uffff'],
    ])('%s: the turn ends with the rest of the words, and the next one, too', async (name, character) => {
      const text = `words with ${name}`;
      const { id, end } = await afterTurn(text, (call) => say(call, `before${character}after`));
      expect(end).toMatchObject(WELL);
      expect(model.calls(text)).toBe(1);
      const show = await field.chatCommand('show', id);
      expect(show).toMatchObject({ code: 0, stdout: expect.stringMatching(/before.*after/) });
      expect(await nextTurn(id, 'and again')).toMatchObject(WELL);
    });

    test('in the input of a tool call: the tool is run, and the turn goes on', async () => {
      const text = 'an input with U+0000';
      const { id, end } = await afterTurn(text, (call) => {
        if (call.messages.at(-1)?.role === 'tool') return say(call, 'Done.');
        delta(call, { role: 'assistant', tool_calls: [toolCall(0, 'call-1', 'current_time', '{"zone": "\\u0000"}')] });
        finish(call, 'tool_calls');
      });
      expect(end).toMatchObject(WELL);
      expect(await rolesOf(id)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    });
  });

  describe('calls that cannot be run as they are', () => {
    const goesOn = (first: (call: ModelCall) => void) => (call: ModelCall) => {
      if (call.messages.some(({ role }) => role === 'tool')) say(call, 'I see.');
      else first(call);
    };
    test.each([
      ['an input that is no JSON', [toolCall(0, 'call-1', 'add_numbers', '{"a": 1, "b":')]],
      ['an input of the wrong form', [toolCall(0, 'call-1', 'add_numbers', '{"a": "one"}')]],
      [
        'two calls with one id',
        [toolCall(0, 'call-1', 'current_time', '{}'), toolCall(1, 'call-1', 'current_time', '{}')],
      ],
    ])('%s: the model sees what came of it, and the turn ends with its words', async (text, calls) => {
      const { end } = await afterTurn(
        text,
        goesOn((call) => {
          delta(call, { role: 'assistant', tool_calls: calls });
          finish(call, 'tool_calls');
        }),
      );
      expect(end).toMatchObject(WELL);
      expect(model.calls(text)).toBe(2);
    });
  });

  describe('a turn that leaves no words', () => {
    test.each([
      ['blanks alone', (call: ModelCall) => say(call, '\n \n')],
      [
        'a refusal in a field of its own',
        (call: ModelCall) => {
          delta(call, { role: 'assistant', content: null, refusal: 'I cannot help with that.' });
          finish(call, 'stop');
        },
      ],
      [
        'nothing after a tool was run',
        (call: ModelCall) => {
          if (call.messages.at(-1)?.role === 'tool') finish(call, 'stop');
          else callTool(call, 'current_time');
        },
      ],
    ])('%s: the person is said to have no answer', async (text, script) => {
      const { id, end } = await afterTurn(text, script);
      expect(end).toMatchObject({ executionState: 'W', severities: { UNANSWERED: 'WARNING' } });
      expect(end.summary).not.toContain('the next message is the person’s move');
      expect(await field.suspects()).toContain(id);
    });

    test('does not spoil the turns after it, though providers refuse a message with nothing in it', async () => {
      const text = 'nothing at first';
      const { id } = await afterTurn(text, (call) => {
        if (call.number === 1) finish(call, 'stop');
        else say(call, 'Now there is something.');
      });
      expect(await nextTurn(id, 'and now?')).toMatchObject(WELL);
    });
  });

  test('a step that begins again and again because its connection closes without a word is not called for ever', async () => {
    const text = 'a stream that just ends';
    const { end } = await afterTurn(text, (call) => {
      begin(call);
      call.answer.end();
    });
    expect(model.calls(text)).toBeLessThanOrEqual(3);
    expect(end.verdict).toBe('FAILED');
    expect(wordsOf(end, 'ERRORED')).not.toBe('');
  });
}
