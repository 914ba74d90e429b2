/** Waits of a fault run before it goes on. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../support/database.ts';
import { settled } from './fleet/settled.ts';

const database = databasePerFile();

test('a chat that nobody owns has not come to an owner', async () => {
  const chat = await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: 'hello' });
  const owned = `worker_id = '${randomUUID()}'`;
  await expect(settled(database.pool, [chat], owned, 0)).rejects.toThrow(`1 of 1 chats did not come to: ${owned}`);
  await settled(database.pool, [chat], 'worker_id IS NULL', 0);
});
