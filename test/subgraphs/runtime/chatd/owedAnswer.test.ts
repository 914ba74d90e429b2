/** An answer that is complete and cannot be written for a while, and a person who interrupts meanwhile. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);

test('is in the history, however long it had to wait', async () => {
  let aheadMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const replica = await startReplica({ staleAfterSeconds: 3_600, clock });
  const { id } = await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: 'hello' });
  await waitFor(id, (chat) => chat.generationAttempt === 1);
  const holder = await database.pool.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [id]);
  const representation = { __typename: 'ChatRuntime', chatId: id, workerId: replica.workerId };
  const look = async () => {
    const selection = '... on ChatRuntime { messageBuffers { isClosed } runners { activeTask { databaseError } } }';
    const { body } = await askReplica(replica, selection, [representation]);
    return JSON.stringify(body.data);
  };
  await until('the answer waits to be written', async () => /"isClosed":true.*"LOCKED"/.test(await look()));
  aheadMs = 16_000;
  await systemClock.sleep(1_500); // the buffers are swept once a second
  await holder.query(
    `UPDATE chats SET status = 'interrupting', snapshot_version = snapshot_version + 1 WHERE id = $1`,
    [id],
  );
  await holder.query('COMMIT');
  holder.release();
  await waitFor(id, (chat) => chat.status === 'waiting');
  const { rows } = await database.pool.query(
    `SELECT content -> 0 ->> 'text' AS text FROM chat_messages WHERE chat_id = $1 AND role = 'assistant'`,
    [id],
  );
  expect(rows).toEqual([{ text: expect.stringContaining('You said: hello') }]);
});
