/** Enums of the database that gain values while the subgraph runs: nothing may fail or miscount. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertMessages } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);
const ownerId = randomUUID();

const FIELDS = 'executionState database { status messageStats { total deleted byRole { role count } } }';
let chatId: string;

beforeAll(async () => {
  chatId = await insertChat(database.pool, { status: 'running', owner_id: ownerId });
  await insertMessages(database.pool, chatId, 'user', 1);
  const before = await ask(`{ chatDebugSnapshot(chatId: "${chatId}") { ${FIELDS} } }`);
  expect(before.data?.chatDebugSnapshot).toMatchObject({ executionState: 'R0' });
  await database.pool.query(`ALTER TYPE chat_status ADD VALUE 'dreaming'`);
  await database.pool.query(`ALTER TYPE chat_message_role ADD VALUE 'narrator' BEFORE 'user'`);
  await database.pool.query(`UPDATE chats SET status = 'dreaming' WHERE id = $1`, [chatId]);
  await insertMessages(database.pool, chatId, 'narrator', 2);
  await insertMessages(database.pool, chatId, 'narrator', 3, true);
});

const after = {
  executionState: 'INVALID',
  database: {
    status: 'dreaming',
    messageStats: {
      total: 6,
      deleted: 3,
      byRole: [
        { role: 'narrator', count: 2 },
        { role: 'user', count: 1 },
      ],
    },
  },
};

test('a status that was just added is shown as it is, and makes the state INVALID; a new role is counted', async () => {
  const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${chatId}") { ${FIELDS} } }`);
  expect(errors).toEqual([]);
  expect(data?.chatDebugSnapshot).toEqual(after);
});

test.each(['status: ["dreaming"]', 'executionState: [INVALID]', 'suspect: true'])(
  'it is found in the list by { %s }',
  async (filter) => {
    const { data } = await ask(
      `{ chats(filter: { ownerId: "${ownerId}", ${filter} }) { edges { node { ${FIELDS} } } } }`,
    );
    expect(data?.chats).toEqual({ edges: [{ node: after }] });
  },
);

test('a status that nobody knows matches nothing and fails nothing', async () => {
  const status = ['no such status', '', 'run\u0000ning', '\ud800'];
  const query = 'query ($status: [String!]) { chats(filter: { status: $status }) { edges { cursor } } }';
  const { data, errors } = await ask(query, { status });
  expect([data, errors]).toEqual([{ chats: { edges: [] } }, []]);
});
