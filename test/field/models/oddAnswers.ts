/** Odd answers of models: strange characters, calls that cannot be run, no words at all. */
import { describe, expect, test } from '@jest/globals';
import { calls, chunk, DONE, type ModelServer, type Plan, says, stream } from '../../support/modelServer.ts';
import { essenceOf, WELL, wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';
import { turnsOf } from './turns.ts';

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
      const { id, end } = await afterTurn(text, () => says(`before${character}after`));
      expect(essenceOf(end)).toEqual(WELL);
      expect(model.requests(text).length).toBe(1);
      const show = await field.chatCommand('show', id);
      expect(show).toMatchObject({ code: 0, stdout: expect.stringMatching(/before.*after/) });
      expect(essenceOf(await nextTurn(id, 'and again'))).toEqual(WELL);
    });

    test('in the input of a tool call: the tool is run, and the turn goes on', async () => {
      const text = 'an input with U+0000';
      const { id, end } = await afterTurn(text, (call) =>
        call === 0 ? calls('current_time', 'tool_calls', '{"zone": "\\u0000"}') : says('Done.'),
      );
      expect(essenceOf(end)).toEqual(WELL);
      expect(await rolesOf(id)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    });
  });

  describe('calls that cannot be run as they are', () => {
    test.each([
      ['an input that is no JSON', [toolCall(0, 'call-1', 'add_numbers', '{"a": 1, "b":')]],
      ['an input of the wrong form', [toolCall(0, 'call-1', 'add_numbers', '{"a": "one"}')]],
      [
        'two calls with one id',
        [toolCall(0, 'call-1', 'current_time', '{}'), toolCall(1, 'call-1', 'current_time', '{}')],
      ],
    ])('%s: the model sees what came of it, and the turn ends with its words', async (text, made) => {
      const first = stream(chunk({ role: 'assistant', tool_calls: made }), chunk({}, 'tool_calls'), DONE);
      const { end } = await afterTurn(text, (call) => (call === 0 ? first : says('I see.')));
      expect(essenceOf(end)).toEqual(WELL);
      expect(model.requests(text).length).toBe(2);
    });
  });

  describe('a turn that leaves no words', () => {
    const nothing = stream(chunk({}, 'stop'), DONE);
    test.each<[string, Plan]>([
      ['blanks alone', () => says('\n \n')],
      ['nothing after a tool was run', (call) => (call === 0 ? calls('current_time') : nothing)],
    ])('%s: the person is said to have no answer', async (text, plan) => {
      const { id, end } = await afterTurn(text, plan);
      expect(end).toMatchObject({ executionState: 'W', severities: { UNANSWERED: 'WARNING' } });
      expect(end.summary).not.toContain('the next message is the person’s move');
      expect(await field.suspects()).toContain(id);
    });

    test('but a refusal in a field of its own: its words are kept, and are the answer', async () => {
      const refusal = stream(
        chunk({ role: 'assistant', content: null, refusal: 'I cannot.' }),
        chunk({}, 'stop'),
        DONE,
      );
      const { id, end } = await afterTurn('a refusal in words', () => refusal);
      expect(essenceOf(end)).toEqual(WELL);
      expect(await field.chatCommand('show', id)).toMatchObject({ stdout: expect.stringContaining('I cannot.') });
    });

    test('does not spoil the turns after it, though providers refuse a message with nothing in it', async () => {
      const { id } = await afterTurn('nothing at first', (call) => (call === 0 ? nothing : says('Now there is.')));
      expect(essenceOf(await nextTurn(id, 'and now?'))).toEqual(WELL);
    });

    test('because the person interrupted it before a word came: that is no trouble', async () => {
      const text = 'an answer that is not waited for';
      model.answer(text, () => ({ ...stream(), end: 'silent' }));
      const id = await field.create(text);
      await eventually(
        'the model is called',
        () => model.requests(text).length,
        (count) => count === 1,
      );
      await field.store.apply(id, { name: 'interrupt' });
      await field.diagnosed(id, 'it is at rest', ({ executionState }) => executionState === 'W');
      await field.pool.query(`UPDATE chats SET updated_at = updated_at - interval '1 minute' WHERE id = $1`, [id]);
      expect(essenceOf(await field.diagnose(id))).toEqual(WELL);
    });
  });

  test('a step whose connection closes without a word is not begun again for ever', async () => {
    const text = 'a stream that just ends';
    const { end } = await afterTurn(text, () => stream());
    expect(model.requests(text).length).toBeLessThanOrEqual(3);
    expect(end.verdict).toBe('FAILED');
    expect(wordsOf(end, 'ERRORED')).not.toBe('');
  });
}
