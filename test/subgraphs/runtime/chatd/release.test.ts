/** Chats at rest whose release the database refuses: they hold no place in the replica, and work again when they are needed. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});
afterEach(() => database.pool.query('DROP FUNCTION IF EXISTS refuse CASCADE'));

/** @param trigger the events and the table, and for which rows */
const refuse = (trigger: string) =>
  database.pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a secret'; END $$;
    CREATE TRIGGER refuse BEFORE ${trigger} EXECUTE FUNCTION refuse()`);

async function heldBy(replica: { url: string; workerId: string }, chatId: string) {
  const representation = { __typename: 'ChatRuntime', chatId, workerId: replica.workerId };
  const { body } = await askReplica(replica, '... on ChatRuntime { runners { phase } }', [representation]);
  const runners = ((body.data?._entities ?? []) as { runners: unknown[] }[])[0]?.runners.length;
  const metrics = await (await fetch(`${replica.url}/metrics`)).text();
  return { runners, breakOffs: Number(/chat_debug_task_break_offs (\d+)/.exec(metrics)?.[1]) };
}

const chatOf = async (id: string) => (await readChats(database.pool, [id]))[0];

test('a chat that keeps its owner’s name holds no runner, and is taken at once when there is work again', async () => {
  await refuse('UPDATE OF worker_id ON chats FOR EACH ROW WHEN (new.worker_id IS NULL)');
  const replica = await startReplica({ staleAfterSeconds: 3_600 });
  const store = new ChatStore(database.pool);
  const { id } = await store.create({ ownerId, text: 'hello' });
  for (const count of [3, 6]) {
    await until(
      'the task was broken off as often as it should be',
      async () => (await heldBy(replica, id)).breakOffs === count,
    );
    await until('the replica has no runner for the chat', async () => (await heldBy(replica, id)).runners === 0);
    expect(await chatOf(id)).toMatchObject({ status: 'waiting', workerId: replica.workerId });
    if (count === 3) await store.apply(id, { name: 'send', message: { content: 'again', createdBy: ownerId } });
  }
});

test('a chat whose lease cannot be deleted is given up without it', async () => {
  await refuse('DELETE ON chat_heartbeats FOR EACH ROW');
  const replica = await startReplica();
  const { id } = await new ChatStore(database.pool).create({ ownerId, text: 'hello' });
  await until(
    'the chat is answered and given up',
    async () => (await chatOf(id))?.status === 'waiting' && (await chatOf(id))?.workerId === null,
  );
  await until('the replica has no runner for the chat', async () => (await heldBy(replica, id)).runners === 0);
  expect((await heldBy(replica, id)).breakOffs).toBe(1);
});
