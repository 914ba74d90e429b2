/** Tool calls without a result, and the number in a row for one tool. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  CANCELLED,
  LEFT_OPEN,
  NOBODY_ANSWERED,
  openCalls,
  toolMessage,
} from '../../../subgraphs/runtime/chatd/openCalls.ts';
import { databasePerFile } from '../../support/database.ts';
import { call, insertChat, insertMessage, result, text } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);

type Message = [role: string, content?: unknown, at?: string];

async function openCallsOf(messages: readonly Message[], oddTimes = 0) {
  const chatId = await insertChat(database.pool, { status: 'requires_action' });
  for (const [role, content, at] of messages) await insertMessage(database.pool, chatId, role, content, at);
  const { data, errors } = await ask(
    `{ chatDebugSnapshot(chatId: "${chatId}") { database { openCalls { id toolName since ageSeconds timesUnanswered } } } }`,
  );
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(Array(oddTimes).fill('VALUE_UNREADABLE'));
  const { openCalls } = (data as { chatDebugSnapshot: { database: { openCalls: OpenCall[] } } }).chatDebugSnapshot
    .database;
  return openCalls;
}

interface OpenCall {
  readonly id: string;
  readonly toolName: string;
  readonly since: string | null;
  readonly ageSeconds: number | null;
  readonly timesUnanswered: number;
}

/** The same with only what a test is about. */
const found = async (messages: readonly Message[]) =>
  (await openCallsOf(messages)).map(({ id, toolName, timesUnanswered }) => `${id} ${toolName} ${timesUnanswered}`);

const USER: Message = ['user', [text('do it')]];
const called = (...ids: string[]): Message => ['assistant', ids.map((id) => call(id))];
const answered = (...ids: string[]): Message => ['tool', ids.map((id) => result(id))];
const cancelled = (...ids: string[]): Message => ['tool', ids.map((id) => result(id, true))];

test.each<[what: string, messages: Message[], open: string[]]>([
  ['nothing called', [USER], []],
  ['all answered', [USER, called('a', 'b'), answered('b', 'a')], []],
  ['all cancelled', [USER, called('a'), cancelled('a')], []],
  ['one of two open', [USER, called('a', 'b'), answered('a')], ['b ask 1']],
  [
    'in the order of the calls',
    [USER, called('z', 'a'), ['assistant', [call('m', 'other')]]],
    ['z ask 1', 'a ask 1', 'm other 1'],
  ],
  ['cancelled once before', [USER, called('a'), cancelled('a'), called('b')], ['b ask 2']],
  [
    'cancelled thrice before',
    [USER, called('a'), cancelled('a'), called('b'), cancelled('b'), called('c'), cancelled('c'), called('d')],
    ['d ask 4'],
  ],
  ['answered between', [USER, called('a'), cancelled('a'), called('b'), answered('b'), called('c')], ['c ask 1']],
  [
    'another tool answered between',
    [USER, called('a'), cancelled('a'), ['assistant', [call('t', 'time')]], answered('t'), called('b')],
    ['b ask 2'],
  ],
  [
    'another tool cancelled before',
    [USER, ['assistant', [call('t', 'time')]], cancelled('t'), called('b')],
    ['b ask 1'],
  ],
  ['cancelled in the turn before', [USER, called('a'), cancelled('a'), USER, called('b')], ['b ask 1']],
  [
    'left open before the newest message of the person',
    [USER, called('a'), USER, called('b'), answered('b')],
    ['a ask 1'],
  ],
  [
    'an id used again in each step',
    [USER, called('0'), answered('0'), called('0'), answered('0'), called('0')],
    ['0 ask 1'],
  ],
  [
    'an id used again and cancelled in each step',
    [USER, called('0'), cancelled('0'), called('0'), cancelled('0'), called('0')],
    ['0 ask 3'],
  ],
  ['an id used again after it was left open', [USER, called('0'), called('0'), answered('0')], ['0 ask 1']],
  ['two calls with one id in one step, answered', [USER, called('0', '0'), answered('0', '0')], []],
  ['two calls with one id in one step, open', [USER, called('0', '0')], ['0 ask 1', '0 ask 1']],
  ['a result before its call', [USER, answered('a'), called('a')], ['a ask 1']],
  ['a result in the message of the call', [USER, ['assistant', [call('a'), result('a'), call('b')]]], ['b ask 1']],
  ['no person at all', [called('a')], ['a ask 1']],
  ['an answer that reads "cancelled" and is none', [USER, called('a'), answered('a'), called('b')], ['b ask 1']],
])('%s', async (_what, messages, open) => {
  expect(await found(messages)).toEqual(open);
});

test('content of any form fails nothing, and what is no call is none', async () => {
  const nested = JSON.parse(`${'['.repeat(3_000)}${']'.repeat(3_000)}`);
  const odd: unknown[] = [
    undefined,
    null,
    7,
    'tool-call',
    true,
    {},
    { type: 'tool-call', toolCallId: 'o', toolName: 'ask' },
    nested,
    [
      null,
      7,
      'tool-call',
      [call('nested')],
      {},
      { type: 'tool-call' },
      { type: 'tool-call', toolCallId: 7, toolName: 'ask' },
    ],
    [
      { type: 'tool-call', toolCallId: 'n' },
      { type: 'tool-call', toolCallId: 'p', toolName: { a: 1 } },
      { type: ['tool-call'], toolCallId: 'q', toolName: 'ask' },
    ],
    [
      { type: 'tool-result', toolCallId: 'x', output: 'cancelled' },
      { type: 'tool-result', toolCallId: 'y', output: [1] },
      { type: 'tool-result' },
    ],
    [{ ...call('z'), input: { deep: nested, long: 'x'.repeat(1_000_000) } }],
  ];
  expect(await found(odd.map((content): Message => ['assistant', content]))).toEqual(['z ask 1']);
});

test('the newest twenty are shown, with their time, and a long name is cut', async () => {
  const ids = Array.from({ length: 30 }, (_, i) => `c${i}`);
  const long = 'n'.repeat(100_000);
  const odd: Message = ['assistant', ids.map((id) => call(id, `tool of ${id}`)), "'infinity'"];
  const calls = await openCallsOf([odd, ['assistant', [call(long, long)], "now() - interval '5 s'"]], 19);
  expect(calls.map(({ id }) => id)).toEqual([...ids.slice(11), 'n'.repeat(200)]);
  expect(calls[0]).toMatchObject({ since: null, ageSeconds: null });
  expect(calls.at(-1)).toMatchObject({ toolName: 'n'.repeat(200), since: expect.any(String) });
  expect(calls.at(-1)?.ageSeconds).toBeGreaterThanOrEqual(5);
});

test('no further back than half a megabyte is looked at, and the newest message whatever its size', async () => {
  const big = (id: string, bytes = 200_000): Message => [
    'tool',
    [{ ...result(id), output: { type: 'text', value: randomBytes(bytes).toString('base64') } }],
  ];
  const far = [USER, called('a', 'x', 'y', 'z'), big('x'), big('y'), called('b'), big('z')];
  expect(await found([...far, called('c')])).toEqual(['b ask 1', 'c ask 1']);
  expect(await found([USER, called('d'), called('e'), big('e', 600_000)])).toEqual([]);
  expect(await found([USER, called('d'), ['assistant', [...(big('n', 600_000)[1] as object[]), call('f')]]])).toEqual([
    'f ask 1',
  ]);
});

test('of calls and results the newest thousand are looked at', async () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => `c${i}`);
  const many = [USER, called('early'), called(...ids), answered(...ids.slice(0, 999))];
  expect(await found(many)).toEqual(['c999 ask 1']);
});

test('what a call was made with leaves the database in no answer', async () => {
  const chatId = await insertChat(database.pool);
  const words = 'a word that nobody must see';
  await insertMessage(database.pool, chatId, 'user', [text(words)]);
  await insertMessage(database.pool, chatId, 'assistant', [{ ...call('a'), input: words }, text(words)]);
  await insertMessage(database.pool, chatId, 'tool', [{ ...result('b'), output: { type: 'text', value: words } }]);
  const { text: answer } = await ask(
    `{ chatDebugSnapshot(chatId: "${chatId}") { database { lastMessage { role hasText finishReason } turn { steps toolCalls } openCalls { id toolName since timesUnanswered } } } }`,
  );
  expect(answer).not.toContain(words);
  expect(answer).toContain('"id":"a"');
});

describe('over random histories', () => {
  const ids = ['0', '1', 'a'];
  const part = fc.oneof(
    fc
      .record({ id: fc.constantFrom(...ids), tool: fc.constantFrom('ask', 'time') })
      .map(({ id, tool }) => call(id, tool)),
    fc
      .record({ id: fc.constantFrom(...ids), isCancelled: fc.boolean() })
      .map(({ id, isCancelled }) => result(id, isCancelled)),
    fc.constantFrom<unknown>(text('words'), null, 7, { type: 'tool-call', toolCallId: 'n' }, { type: 'tool-result' }),
  );
  const message = fc.record({
    role: fc.constantFrom('user', 'assistant', 'tool'),
    content: fc.array(part, { maxLength: 4 }),
  });

  test('the open calls are those that the worker waits for', async () => {
    const histories = fc.array(fc.array(message, { maxLength: 12 }), { minLength: 50, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(histories, async (drawn) => {
        const chats = drawn.map((history) => ({ id: randomUUID(), history }));
        await database.pool.query(
          `WITH drawn AS (SELECT id, history FROM jsonb_to_recordset($1) AS chat (id uuid, history jsonb)),
             made AS (INSERT INTO chats (id, owner_id) SELECT id, id FROM drawn)
           SELECT`,
          [JSON.stringify(chats)],
        );
        await database.pool.query(
          `INSERT INTO chat_messages (chat_id, role, content)
           SELECT chat.id, (message ->> 'role')::chat_message_role, message -> 'content'
           FROM jsonb_to_recordset($1) AS chat (id uuid, history jsonb),
             jsonb_array_elements(chat.history) WITH ORDINALITY AS item (message, place) ORDER BY chat.id, place`,
          [JSON.stringify(chats)],
        );
        const { data, errors } = await ask(
          'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { openCalls { id toolName } } } }',
          { ids: chats.map(({ id }) => id) },
        );
        expect(errors).toEqual([]);
        const waitedFor = drawn.map((history) => openCalls(history).slice(-20));
        expect(data?.chatDebugSnapshots).toEqual(
          waitedFor.map((calls) => ({
            database: { openCalls: calls.map(({ toolCallId, toolName }) => ({ id: toolCallId, toolName })) },
          })),
        );
      }),
      { numRuns: 10 },
    );
  });

  test('what the worker answers in the place of nobody is no answer', async () => {
    const open = [{ toolCallId: 'a', toolName: 'ask' }];
    for (const words of [CANCELLED, NOBODY_ANSWERED, LEFT_OPEN]) {
      const { role, content } = toolMessage(open, [], words);
      expect(await found([USER, called('a'), [role, content], called('b')])).toEqual(['b ask 2']);
    }
  });
});
