/** The reckoning at the end of a fault run: what it accepts, and that it notices what must not be. */
import { describe, expect, test } from '@jest/globals';
import type { Cut } from './chatLog.ts';
import { checkHistory, type RestingChat } from './historyCheck.ts';
import type { PlannedMessage, Word } from './plan.ts';

const END = ' This answer comes from the built-in model, which always says the same. ';
const TEXT: Partial<Record<Word, string>> = {
  slow: '/slow 2',
  add: '/tool add_numbers',
  hold: '/tool hold',
  fail: '/fail',
};

const asked = (word: Word, number = 1): PlannedMessage => {
  const tag = `#c1m${number}`;
  return { word, tag, text: `${TEXT[word] ?? 'tell me something'} ${tag}` };
};
const say = (role: string, text: string) => ({ role, content: [{ type: 'text', text }] });
const user = ({ text }: PlannedMessage) => say('user', text);
const answer = ({ text }: PlannedMessage) => say('assistant', `You said: ${text}${END}`);
const call = { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'a', toolName: 't', input: {} }] };
const result = (output: unknown) => ({ role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', output }] });
const given = result({ type: 'json', value: 5 });
const cancelled = result({ type: 'error-text', value: 'cancelled' });
const note = { role: 'assistant', content: [] };
const toolAnswer = say('assistant', `You said: The tool answered: 5${END}`);

/** Revisions count from 1 by 10: a cut at 15 is one of the first message's turn. */
function problems(
  accepted: PlannedMessage[],
  history: { role: string; content: unknown }[],
  { status = 'waiting', queued = [], cuts = [] }: { status?: string; queued?: string[]; cuts?: Cut[] } = {},
): string[] {
  const chat: RestingChat = {
    status,
    queued,
    messages: history.map((message, place) => ({ ...message, revision: 1 + 10 * place })),
  };
  return checkHistory({ id: 'a chat', accepted, cuts }, chat);
}

const plain = asked('plain');
const slow = asked('slow');
const stopped: Cut[] = [{ kind: 'stopped', version: 15 }];

describe('a chat at rest is as it may be', () => {
  test.each<[string, string[]]>([
    [
      'each message answered',
      problems(
        [plain, asked('plain', 2)],
        [user(plain), answer(plain), user(asked('plain', 2)), answer(asked('plain', 2))],
      ),
    ],
    ['a tool called and answered', problems([asked('add')], [user(asked('add')), call, given, toolAnswer])],
    [
      'a turn that was stopped',
      problems([plain], [user(plain), say('assistant', 'You said: tell ')], { cuts: stopped }),
    ],
    ['a turn that was stopped before its first word', problems([plain], [user(plain)], { cuts: stopped })],
    [
      'a turn that was stopped before its first word, with a note of it',
      problems([plain], [user(plain), note], { cuts: stopped }),
    ],
    ['a call that was stopped, and noted', problems([asked('hold')], [user(asked('hold')), note], { cuts: stopped })],
    [
      'a failure, with a message behind it',
      problems([asked('fail'), plain], [user(asked('fail'))], { status: 'error', queued: [plain.text] }),
    ],
    [
      'a tool that nobody answers',
      problems([asked('hold')], [user(asked('hold')), call], { status: 'requires_action' }),
    ],
    [
      'a tool that was cancelled',
      problems([asked('hold')], [user(asked('hold')), call, cancelled, toolAnswer], {
        cuts: [{ kind: 'cancelled', version: 15 }],
      }),
    ],
  ])('%s', (_name, found) => {
    expect(found).toEqual([]);
  });
});

describe('a chat at rest is not as it may be', () => {
  test.each<[string, string[]]>([
    ['a message is lost', problems([plain], [])],
    ['a message is there twice', problems([plain], [user(plain), answer(plain), user(plain), answer(plain)])],
    [
      'messages are in another order',
      problems([plain, asked('plain', 2)], [user(asked('plain', 2)), answer(plain), user(plain), answer(plain)]),
    ],
    ['an answer is missing', problems([plain], [user(plain)])],
    ['an answer is empty, and nobody had asked for it', problems([plain], [user(plain), note])],
    ['a stopped call has no result', problems([asked('hold')], [user(asked('hold')), call], { cuts: stopped })],
    ['an answer is there twice', problems([plain], [user(plain), answer(plain), answer(plain)])],
    [
      'an answer is cut short, and nobody had asked for it',
      problems([plain], [user(plain), say('assistant', 'You said: tell ')]),
    ],
    ['an answer is to something else', problems([plain], [user(plain), answer(slow)])],
    ['words are missing in the middle', problems([slow], [user(slow), say('assistant', 'word-1 word-3 ')])],
    ['another turn was stopped', problems([plain], [user(plain)], { cuts: [{ kind: 'stopped', version: 1 }] })],
    ['a call has no result', problems([asked('add')], [user(asked('add')), call, toolAnswer])],
    [
      'a result is of another call',
      problems(
        [asked('add')],
        [user(asked('add')), call, { ...given, content: [{ ...given.content[0], toolCallId: 'b' }] }, toolAnswer],
      ),
    ],
    [
      'a call is cancelled, and nobody had asked for it',
      problems([asked('add')], [user(asked('add')), call, cancelled, toolAnswer]),
    ],
    ['it waits for nothing', problems([plain], [user(plain), answer(plain)], { status: 'running' })],
    ['it waits for the person though its tool does', problems([asked('hold')], [user(asked('hold')), call])],
    ['a message waits for ever', problems([plain, slow], [user(plain), answer(plain)], { queued: [slow.text] })],
  ])('%s', (_name, found) => {
    expect(found).not.toEqual([]);
  });
});
