/** A taking of chats that was committed, and of which the worker never heard. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { startPostgresProxy } from '../../../support/postgresProxy.ts';
import { replicasPerTest } from '../../../support/replica.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);

test('the chats get their runners at the next look, and not once their leases are stale', async () => {
  const proxy = await startPostgresProxy(database.url);
  const store = new ChatStore(database.pool);
  const create = async (text: string) => (await store.create({ ownerId: randomUUID(), text })).id;
  const held = await create('/stall');
  await startReplica({ databaseUrl: proxy.url, staleAfterSeconds: 3_600, acquisitionIntervalSeconds: 3 });
  const { runnerId } = await waitFor(held, (chat) => chat.generationAttempt === 1);
  await systemClock.sleep(500); // it rests until it is woken
  proxy.loseNextAnswer((request) => String(request).includes('AS candidates'));
  const id = await create('hello');
  await waitFor(id, (chat) => chat.status === 'waiting');
  const taken = `SELECT FROM chat_events WHERE chat_id = $1 AND transitions = '{acquire}'`;
  expect((await database.pool.query(taken, [id])).rowCount).toBe(2);
  expect((await waitFor(held, () => true)).runnerId).toBe(runnerId);
  await proxy.close();
}, 20_000);
