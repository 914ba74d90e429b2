/** A message that brings a chat back to work: it wakes a worker, whoever the row still names. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { textContent } from '../../../../domain/messages.ts';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});

const atRest = (id: string) =>
  until('the chat is answered and given up', async () => {
    const [chat] = await readChats(database.pool, [id]);
    return chat?.status === 'waiting' && chat.workerId === null;
  });

test.each([
  ['that is gone without a lease', `UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1`],
  [
    'whose lease is old',
    `WITH chat AS (UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1 RETURNING id, runner_id)
     INSERT INTO chat_heartbeats SELECT id, runner_id, now() - interval '1 hour' FROM chat`,
  ],
  [
    'that has stopped, with a fresh lease',
    `WITH chat AS (UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1 RETURNING id, runner_id),
       replica AS (INSERT INTO replicas (id, hostname, relay_address, version, stopped_at) VALUES ($2, '', '', '', now()))
     INSERT INTO chat_heartbeats SELECT id, runner_id, now() FROM chat`,
  ],
])('a chat at rest that names an owner %s is taken with the next message', async (_owner, statement) => {
  await startReplica({ acquisitionIntervalSeconds: 3_600 });
  const { id } = await store.create({ ownerId, text: 'hello' });
  await atRest(id);
  await database.pool.query(statement, [id, randomUUID()]);
  await store.apply(id, { name: 'send', message: { content: textContent('and now?'), createdBy: ownerId } });
  await atRest(id);
  const { rows } = await database.pool.query('SELECT role::text FROM chat_messages WHERE chat_id = $1 ORDER BY id', [
    id,
  ]);
  expect(rows.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
});
