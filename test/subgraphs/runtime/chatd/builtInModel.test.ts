/** Words for the built-in model that make a turn end without an answer, or never. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE'); // the replica of the test before has left its chats to be taken
});

async function rest(text: string) {
  const { id } = await store.create({ ownerId: randomUUID(), text });
  const atRest = await until('the chat is at rest', async () => {
    const [chat] = await readChats(database.pool, [id]);
    return (chat?.status === 'waiting' || chat?.status === 'error') && chat;
  });
  const { rows } = await database.pool.query<{ role: string; types: string | null; finish: string | null }>(
    `SELECT role::text, finish_reason AS finish, (SELECT string_agg(part ->> 'type', ' ') FROM jsonb_array_elements(content) part) AS types
     FROM chat_messages WHERE chat_id = $1 AND role = 'assistant' ORDER BY id`,
    [id],
  );
  return { id, status: atRest.status, steps: rows.map(({ types, finish }) => `${types ?? 'nothing'}, ${finish}`) };
}

test.each([
  ['/empty', ['nothing, stop']],
  ['/empty tool-calls', ['nothing, tool-calls']],
  ['/empty content-filter', ['nothing, content-filter']],
  ['/empty handed', ['nothing, stop']],
  ['/reason', ['reasoning, length']],
])('%s ends the turn without an answer', async (text, steps) => {
  await startReplica();
  expect(await rest(text)).toMatchObject({ status: 'waiting', steps });
});

test.each([
  ['/loop', 'current_time'],
  ['/loop add_numbers', 'add_numbers'],
])('%s calls the tool until the turn has had its steps', async (text, tool) => {
  await startReplica({ maxSteps: 3 });
  const { id, status, steps } = await rest(text);
  expect({ status, steps }).toEqual({ status: 'error', steps: Array(3).fill('tool-call, tool-calls') });
  const { rows } = await database.pool.query(
    `SELECT content -> 0 ->> 'toolName' AS tool FROM chat_messages WHERE chat_id = $1 AND role = 'tool'`,
    [id],
  );
  expect(rows).toEqual(Array(3).fill({ tool }));
});

test('/busy asks for some time, and answers after it', async () => {
  await startReplica();
  expect(await rest('/busy 1')).toMatchObject({ status: 'waiting', steps: ['text, stop'] });
});
