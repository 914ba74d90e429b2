/** A database that has gone back in time, as after a failover that lost the last commits, under workers that go on. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ChatState } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { startPostgresProxy } from '../../../support/postgresProxy.ts';
import { replicasPerTest } from '../../../support/replica.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});

const waitFor = chatWaits(() => database.pool);

/** Loses all messages but the first, and what became of the chat since it was as given. */
const goBack = ({ id, snapshotVersion, historyVersion, generationAttempt }: ChatState) =>
  database.pool.query(`
    BEGIN;
    DELETE FROM chat_messages WHERE chat_id = '${id}' AND id > (SELECT min(id) FROM chat_messages WHERE chat_id = '${id}');
    UPDATE chat_messages SET deleted = false WHERE chat_id = '${id}';
    DELETE FROM chat_events WHERE chat_id = '${id}' AND snapshot_version > ${snapshotVersion};
    SET LOCAL chat_debug.events = 'off';
    UPDATE chats SET status = 'running', snapshot_version = ${snapshotVersion}, history_version = ${historyVersion},
      generation_attempt = ${generationAttempt}, requires_action_deadline_at = NULL WHERE id = '${id}';
    COMMIT`);

async function roles(id: string): Promise<string[]> {
  const text = 'SELECT role::text FROM chat_messages WHERE chat_id = $1 ORDER BY id';
  return (await database.pool.query<{ role: string }>(text, [id])).rows.map(({ role }) => role);
}

test('a turn that the database has forgotten is not written over and over: the runner does what the row asks for', async () => {
  const proxy = await startPostgresProxy(database.url);
  await startReplica({ databaseUrl: proxy.url, acquisitionIntervalSeconds: 600 });
  const { id } = await store.create({ ownerId, text: '/slow 1' });
  const before = await waitFor(id, (chat) => chat.generationAttempt === 1);
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM chat_messages WHERE chat_id = $1', [id]);
  const message = { content: [{ type: 'text', text: '/slow 2' }], createdBy: ownerId };
  await store.apply(id, { name: 'edit', messageId: rows[0]?.id ?? '', message });
  await waitFor(id, (chat) => chat.historyVersion > before.historyVersion && chat.generationAttempt === 1);
  await goBack(before);
  proxy.statements.length = 0;
  await waitFor(id, (chat) => chat.status === 'waiting');
  expect(await roles(id)).toEqual(['user', 'assistant']);
  expect(proxy.statements.length).toBeLessThan(200);
  await proxy.close();
});

test('a wait for a tool that the database has forgotten ends with the next look at the row', async () => {
  await startReplica();
  const { id } = await store.create({ ownerId, text: '/tool ask_person' });
  const chat = await waitFor(id, ({ status }) => status === 'requires_action');
  await goBack({ ...chat, snapshotVersion: 2, historyVersion: 1, generationAttempt: 0 });
  await waitFor(id, ({ status, runnerId }) => status === 'requires_action' && runnerId === chat.runnerId);
  expect(await roles(id)).toEqual(['user', 'assistant']);
});
