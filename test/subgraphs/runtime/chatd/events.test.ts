/** The events of turns that real replicas do. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { LEAVES_NO_EVENTS } from '../../../../subgraphs/runtime/chatd/pool.ts';
import { eventsOf, expectKept } from '../../../support/chatEvents.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);
const atRest = (id: string) => waitFor(id, ({ status, workerId }) => status === 'waiting' && workerId === null);

test('every version of a turn is told once, with its owner from the acquisition to the end', async () => {
  const replica = await startReplica();
  const { id } = await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: 'hello' });
  await atRest(id);
  await expectKept(database.pool, id);
  const owners = (await eventsOf(database.pool, id)).flatMap(({ workerId, previousWorkerId }) =>
    (workerId ?? previousWorkerId) ? [[previousWorkerId, workerId]] : [],
  );
  expect(owners).toEqual([
    [null, replica.workerId],
    [replica.workerId, null],
  ]);
});

test('without history neither a replica nor a command leaves an event', async () => {
  await startReplica({ writesEvents: false });
  const pool = new pg.Pool({ connectionString: database.url, max: 1, ...LEAVES_NO_EVENTS });
  try {
    const { id } = await new ChatStore(pool).create({ ownerId: randomUUID(), text: 'hello' });
    await atRest(id);
    expect(await eventsOf(database.pool, id)).toEqual([]);
  } finally {
    await pool.end();
  }
});
