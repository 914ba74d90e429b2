/** `npm run chat -- list` and `show` beside rows of any value, asked of a real database. */
import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { describeChat, readChatDetails, readOpenCalls } from '../../cli/chatDetails.ts';
import { chatTable, listChats } from '../../cli/chatList.ts';
import { parseToolOutputs } from '../../cli/toolOutputs.ts';
import { insertChat, insertMessages, queueMessages } from '../subgraphs/database/support/rows.ts';
import { databasePerFile } from '../support/database.ts';

jest.setTimeout(120_000);
const database = databasePerFile();
const ACTS = /(?!\n)[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]/u;

const say = (chatId: string, content: unknown, role = 'assistant') =>
  database.pool.query(
    'INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, $2::text::chat_message_role, $3::jsonb)',
    [chatId, role, typeof content === 'string' ? content : JSON.stringify(content)],
  );
const show = async (chatId: string) => describeChat(await readChatDetails(database.pool, chatId));

describe('list', () => {
  test.each([
    ['infinity', 'infinity'],
    ['-infinity', '-infinity'],
    ['294276-12-31 23:59:59+00', '294276-12-31 23:59:59'],
    ['4713-01-01 00:00:00+00 BC', '4713-01-01 00:00:00 BC'],
    ['2026-01-02 03:04:05.678+00', '2026-01-02 03:04:05'],
  ])('shows a chat changed at %s beside the others', async (moment, shown) => {
    const owner_id = randomUUID();
    const odd = await insertChat(database.pool, { owner_id, updated_at: `'${moment}'::timestamptz` });
    const well = await insertChat(database.pool, { owner_id });
    const table = chatTable(await listChats(database.pool, owner_id));
    expect(table).toContain(well);
    expect(table).toMatch(new RegExp(`${odd} │ W +│ 1 +│ – +│ ${shown} +│`));
  });

  test('says a version that JavaScript cannot hold as it is stored', async () => {
    const owner_id = randomUUID();
    const id = await insertChat(database.pool, { owner_id });
    await database.pool.query('UPDATE chats SET snapshot_version = 9223372036854775807 WHERE id = $1', [id]);
    expect(chatTable(await listChats(database.pool, owner_id))).toContain('│ 9223372036854775807 │');
  });

  test('keeps its columns with titles of any text', async () => {
    const owner_id = randomUUID();
    for (const title of [
      '日本語'.repeat(100),
      '😀'.repeat(100),
      '𝒜'.repeat(100),
      `\u202e\u001b[2J${'x'.repeat(3e6)}`,
      '',
    ]) {
      await insertChat(database.pool, { owner_id, title });
    }
    const table = chatTable(await listChats(database.pool, owner_id));
    expect(table).not.toMatch(ACTS);
    expect(table.length).toBeLessThan(3_000);
    expect(table).toContain('│ 日本語日本語日本語日本語日本語日本… ');
  });
});

describe('show', () => {
  test('says that there is nothing to show', async () => {
    expect(await show(await insertChat(database.pool))).toBe('It has no messages.');
  });

  test('says what any content is, in a line each', async () => {
    const id = await insertChat(database.pool);
    await insertMessages(database.pool, id, 'system', 1); // without content
    for (const content of [
      null,
      7,
      '"text"',
      {},
      [],
      [null, 1, [[]]],
      [{ text: 5 }],
      [{ type: 'text', text: 'hello' }],
    ]) {
      await say(id, content);
    }
    await say(id, [{ type: 'text', text: `\u202e\u2066${'long '.repeat(600_000)}` }]);
    await say(id, `${'['.repeat(3_000)}${']'.repeat(3_000)}`);
    await say(id, [{ type: 'tool-call', toolCallId: 5, toolName: null }, { type: 'tool-call' }]);
    const text = await show(id);
    expect(text).not.toMatch(ACTS);
    const lines = text.split('\n');
    expect(lines).toHaveLength(12);
    expect(lines.slice(0, 9).map((line) => line.slice(19))).toEqual([
      ...['null', 'null', '7', '"text"', '{}', '', 'null 1 [[]]', '5', 'hello'],
    ]);
    expect(lines[9]?.slice(19)).toMatch(/^(long )+lon?g?…$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('shows the newest of 100,000 messages and the first of 100,000 queued ones, and the call that is open', async () => {
    const id = await insertChat(database.pool, { status: 'requires_action' });
    await say(id, [{ type: 'tool-call', toolCallId: 'old', toolName: 'search', input: 'x'.repeat(3e6) }]);
    await insertMessages(database.pool, id, 'user', 100_000);
    await say(id, [{ type: 'text', text: 'the newest' }]);
    await queueMessages(database.pool, id, 100_000);
    const lines = (await show(id)).split('\n');
    expect(lines).toHaveLength(403);
    expect(lines[0]).toBe('… 99802 earlier messages');
    expect(lines[200]).toContain('the newest');
    expect(lines.slice(401)).toEqual(['… 99800 more queued messages', 'open call old of search']);
  });

  test('a call is answered by the id that is shown, whatever the model gave it', async () => {
    const id = await insertChat(database.pool, { status: 'requires_action' });
    const ids = ['a', 'a=b', 'c\u202ed', `${'long'.repeat(200)}`];
    await say(
      id,
      ids.map((toolCallId) => ({ type: 'tool-call', toolCallId, toolName: 'ask' })),
    );
    const shown = (await show(id)).match(/(?<=^open call ).*(?= of ask$)/gm) ?? [];
    const typed = shown.map((call) => `${call}={"x": "="}`);
    const outputs = parseToolOutputs(typed, await readOpenCalls(database.pool, id));
    expect(outputs).toEqual(ids.map((toolCallId) => ({ toolCallId, output: { x: '=' } })));
  });
});
