import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { acquireChats } from '../../../../subgraphs/runtime/chatd/acquisition.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';

const database = databasePerFile();
const worker = (limit: number) => ({
  ...{ workerId: randomUUID(), staleAfterSeconds: 30, clockAheadSeconds: 2, limit, except: [] },
});

/** The database as it is, but that something happens between the look for candidates and the taking of them. */
const interveningPool = (intervene: () => Promise<unknown>): Pool =>
  ({
    connect: async () => {
      const client = await database.pool.connect();
      const query = async (text: string, values: unknown[]) => {
        const result = await client.query(text, values);
        if (text.includes('SKIP LOCKED')) await intervene();
        return result;
      };
      return { query, release: (broken?: boolean) => client.release(broken) } as unknown as PoolClient;
    },
  }) as unknown as Pool;

test('a worker that others were faster than is told that there may be more', async () => {
  const store = new ChatStore(database.pool);
  for (const text of ['one', 'two', 'three']) await store.create({ ownerId: randomUUID(), text });
  const first = await acquireChats(database.pool, worker(3));
  expect(first.chats).toHaveLength(3);
  await database.pool.query(`UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 minute'`);

  const renewal = () => database.pool.query('UPDATE chat_heartbeats SET heartbeat_at = now()');
  expect(await acquireChats(interveningPool(renewal), worker(2))).toEqual({ chats: [], more: true, refused: [] });
  expect(await acquireChats(database.pool, worker(2))).toEqual({ chats: [], more: false, refused: [] });
});
