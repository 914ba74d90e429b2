/** A history without its content: the newest message, and the work since the person's. */
import { expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { call, insertChat, insertMessage, insertMessages, result, text } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';
import { whileLocked } from './support/waiting.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);
const impatient = subgraphPerFile(database, { databaseTimeoutMs: 1_000 });

const LAST = 'lastMessage { role createdAt ageSeconds hasText finishReason }';
const TURN = 'turn { startedAt ageSeconds steps toolCalls }';

async function state(chatId: string, fields: string, asks = ask) {
  const { data, errors } = await asks(`{ chatDebugSnapshot(chatId: "${chatId}") { database { ${fields} } } }`);
  const { database: found } = (data as { chatDebugSnapshot: { database: Record<string, unknown> } }).chatDebugSnapshot;
  const all: Record<string, unknown> = { ...found, errors };
  return all;
}

/** Chat with these messages, oldest first. */
async function chatWith(messages: readonly [role: string, content?: unknown, at?: string][]): Promise<string> {
  const chatId = await insertChat(database.pool);
  for (const [role, content, at] of messages) await insertMessage(database.pool, chatId, role, content, at);
  return chatId;
}

test.each<[hasText: boolean | null, what: string, content: unknown]>([
  [true, 'words', [text('hello')]],
  [true, 'words after a call', [call('c'), text('hello')]],
  [true, 'words among parts of no known form', [1, null, [text('x')], text('hello')]],
  [true, 'a plain text', 'hello'],
  [false, 'nothing', []],
  [false, 'blanks', [text(' \n\t ')]],
  [false, 'a blank plain text', '  '],
  [false, 'a call', [call('c')]],
  [false, 'text that is none', [{ type: 'text', text: 7 }, { type: 'text' }, { type: 'text', text: { text: 'x' } }]],
  [null, 'NULL', undefined],
  [null, 'null', null],
  [null, 'a number', 1e300],
  [null, 'an object', { type: 'text', text: 'hello' }],
  [null, 'parts without a type', [{ text: 'hello' }]],
  [null, 'lists of lists', [[[text('hello')]]]],
])('hasText is %s for %s', async (hasText, _what, content) => {
  const chatId = await chatWith([['assistant', content]]);
  const { lastMessage, errors } = await state(chatId, LAST);
  expect([lastMessage, errors]).toMatchObject([{ role: 'assistant', hasText, finishReason: null }, []]);
});

test('the last message is the newest that is not deleted, by the database clock', async () => {
  const chatId = await chatWith([
    ['assistant', [text('no')]],
    ['tool', [result('c')], "now() - interval '90 s'"],
  ]);
  await insertMessages(database.pool, chatId, 'user', 3, true);
  const { lastMessage, turn } = await state(chatId, `${LAST} ${TURN}`);
  expect(lastMessage).toMatchObject({ role: 'tool', hasText: false, ageSeconds: expect.any(Number) });
  expect((lastMessage as { ageSeconds: number }).ageSeconds).toBeGreaterThanOrEqual(90);
  expect(turn).toBeNull();
});

test('a message of the system is not the last one: nobody answers it, and it answers nobody', async () => {
  const [unanswered, empty] = [
    await chatWith([
      ['user', [text('x')]],
      ['system', 'be brief'],
      ['system', 'be kind'],
    ]),
    await chatWith([['system', 'be brief']]),
  ];
  expect((await state(unanswered, LAST)).lastMessage).toMatchObject({ role: 'user', hasText: true });
  expect((await state(empty, LAST)).lastMessage).toBeNull();
});

test('a chat without messages has neither', async () => {
  const { lastMessage, turn, unreadable, errors } = await state(await chatWith([]), `unreadable ${LAST} ${TURN}`);
  expect([lastMessage, turn, unreadable, errors]).toEqual([null, null, [], []]);
});

test('a turn counts steps and calls since the newest message of the person that is not deleted', async () => {
  const chatId = await chatWith([
    ['user', [text('old')]],
    ['assistant', [call('a'), call('b')]],
    ['user', [text('new')], "now() - interval '1 hour'"],
    ['assistant', [text('let me see'), call('c'), call('d')]],
    ['tool', [result('c'), result('d')]],
    ['assistant', [call('e'), { type: ['tool-call'] }, 'tool-call', { type: 'tool-result' }]],
    ['assistant', { type: 'tool-call' }],
    ['assistant', 'tool-call'],
    ['assistant'],
  ]);
  await insertMessages(database.pool, chatId, 'assistant', 7, true);
  await insertMessages(database.pool, chatId, 'user', 1, true);
  const { turn } = await state(chatId, TURN);
  expect(turn).toMatchObject({ steps: 5, toolCalls: 3, startedAt: expect.any(String) });
  expect((turn as { ageSeconds: number }).ageSeconds).toBeGreaterThanOrEqual(3_600);
});

test.each(['infinity', '-infinity', '12000-01-01', '294276-12-31', '0044-03-15 BC', '4713-01-01 BC'])(
  'a time of %s costs the time, and nothing else',
  async (time) => {
    const at = `'${time}'::timestamptz`;
    const chatId = await chatWith([
      ['user', [text('x')], at],
      ['assistant', [text('y')], at],
    ]);
    const { lastMessage, turn, errors } = await state(chatId, `${LAST} ${TURN}`);
    expect(errors).toMatchObject(
      [
        ['lastMessage', 'createdAt'],
        ['turn', 'startedAt'],
      ].map((path) => ({
        path: ['chatDebugSnapshot', 'database', ...path],
        extensions: { code: 'VALUE_UNREADABLE' },
      })),
    );
    expect(lastMessage).toMatchObject({ role: 'assistant', hasText: true, createdAt: null, ageSeconds: null });
    expect(turn).toMatchObject({ steps: 1, startedAt: null, ageSeconds: null });
  },
);

test('times at the ends of what can be said are said', async () => {
  const chatId = await chatWith([
    ['user', [], `'0001-01-01T00:00:00Z'`],
    ['assistant', [], `'9999-12-31T23:59:59.999Z'`],
  ]);
  const { lastMessage, turn } = await state(chatId, `${LAST} ${TURN}`);
  expect(lastMessage).toMatchObject({ createdAt: '9999-12-31T23:59:59.999Z' });
  expect((lastMessage as { ageSeconds: number }).ageSeconds).toBeLessThan(-2e11);
  expect(turn).toMatchObject({ startedAt: '0001-01-01T00:00:00.000Z' });
});

test('the finish reason is read where the table has such a column, from the moment that it has', async () => {
  const { pool } = database;
  const chatId = await chatWith([
    ['user', [text('x')]],
    ['assistant', []],
  ]);
  const rename = (from: string, to: string) => pool.query(`ALTER TABLE chat_messages RENAME COLUMN ${from} TO ${to}`);
  const lastMessage = async () => (await state(chatId, LAST)).lastMessage;
  const withoutTheColumn = async () => {
    await rename('finish_reason', 'other');
    try {
      return await lastMessage();
    } finally {
      await rename('other', 'finish_reason'); // triggers need it
    }
  };
  expect(await withoutTheColumn()).toMatchObject({ finishReason: null });
  expect(await lastMessage()).toMatchObject({ finishReason: null });
  await pool.query(`UPDATE chat_messages SET finish_reason = 'length' WHERE chat_id = $1 AND role = 'assistant'`, [
    chatId,
  ]);
  expect(await lastMessage()).toMatchObject({ finishReason: 'length' });
  expect(await withoutTheColumn()).toMatchObject({ finishReason: null });
});

test('a turn of 40,000 messages among 60,000 is looked at from its end, and no further than is said', async () => {
  const { pool } = database;
  const chatId = await insertChat(pool);
  await pool.query('ALTER TABLE chat_messages DISABLE TRIGGER USER');
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role, content, deleted)
     SELECT $1, (CASE WHEN i = 20000 THEN 'user' WHEN i % 2 = 0 THEN 'assistant' ELSE 'tool' END)::chat_message_role,
       '[{"type": "tool-call", "toolCallId": "c", "toolName": "ask"}]', false
     FROM generate_series(1, 60000) AS i`,
    [chatId],
  );
  await pool.query('ALTER TABLE chat_messages ENABLE TRIGGER USER');
  const { lastMessage, turn, openCalls, unreadable, errors } = await state(
    chatId,
    `${LAST} ${TURN} openCalls { id } unreadable`,
  );
  expect(errors).toEqual([]);
  expect(unreadable).toEqual([]);
  expect(lastMessage).toMatchObject({ role: 'assistant' });
  expect(turn).toEqual({ startedAt: null, ageSeconds: null, steps: 5_000, toolCalls: 5_000 });
  expect(openCalls).toHaveLength(20);
});

test('a turn whose steps are too long to look through costs the number of its calls, and no other chat', async () => {
  const { pool } = database;
  const [long, short] = [await chatWith([['user', [text('x')]]]), await chatWith([['user', [text('x')]]])];
  await insertMessage(pool, short, 'assistant', [call('c')]);
  await pool.query(
    `WITH words AS (SELECT string_agg(md5(i::text), '') AS text FROM generate_series(1, 3200) AS i)
     INSERT INTO chat_messages (chat_id, role, content)
     SELECT $1, 'assistant', jsonb_build_array(jsonb_build_object('type', 'text', 'text', text)) FROM words, generate_series(1, 60)`,
    [long],
  );
  const { data, errors } = await ask(
    'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { turn { steps toolCalls } unreadable } } }',
    { ids: [long, short] },
  );
  expect([data?.chatDebugSnapshots, errors]).toEqual([
    [
      { database: { turn: { steps: 60, toolCalls: null }, unreadable: ['turn.toolCalls'] } },
      { database: { turn: { steps: 1, toolCalls: 1 }, unreadable: [] } },
    ],
    [],
  ]);
});

test('whoever cannot read the messages in time learns all the rest, and what is missing', async () => {
  const chatId = await chatWith([['user', [text('x')]]]);
  await whileLocked(database.pool, 'chat_messages', async () => {
    const found = await state(chatId, `unreadable status ${LAST} ${TURN} queueDepth`, impatient);
    expect(found).toEqual({
      ...{ status: 'waiting', queueDepth: 0, lastMessage: null, turn: null, errors: [] },
      unreadable: ['lastMessage', 'turn'],
    });
    expect(await state(chatId, 'status unreadable')).toEqual({ status: 'waiting', unreadable: [], errors: [] });
  });
});

test('a table without the columns costs their fields, and names them', async () => {
  const { pool } = database;
  const chatId = await chatWith([['user', [text('x')]]]);
  await pool.query('ALTER TABLE chat_messages RENAME COLUMN content TO contents');
  try {
    expect(await state(chatId, `${LAST} ${TURN} openCalls { id } status unreadable`)).toEqual({
      ...{ status: 'waiting', lastMessage: null, turn: null, openCalls: null, errors: [] },
      unreadable: ['lastMessage', 'turn', 'openCalls'],
    });
  } finally {
    await pool.query('ALTER TABLE chat_messages RENAME COLUMN contents TO content');
  }
});
