/** A chat whose release hangs, in a replica that an operator has told to drain: it costs that chat alone. */
import { randomUUID } from 'node:crypto';
import { afterEach, test } from '@jest/globals';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);
afterEach(() => database.pool.query('DROP FUNCTION IF EXISTS hang CASCADE'));

test('a chat whose release hangs does not keep the others from being given up', async () => {
  const replica = await startReplica();
  const store = new ChatStore(database.pool);
  const create = async () => (await store.create({ ownerId: randomUUID(), text: '/stall' })).id;
  const [odd, well] = [await create(), await create()];
  for (const id of [odd, well]) await waitFor(id, (chat) => chat.generationAttempt === 1);
  await database.pool.query(`
    CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN new; END $$;
    CREATE TRIGGER hang BEFORE UPDATE OF worker_id ON chats FOR EACH ROW
      WHEN (old.id = '${odd}' AND new.worker_id IS NULL) EXECUTE FUNCTION hang();
    INSERT INTO chat_debug_drains (replica_id, by, reason) VALUES ('${replica.workerId}', 'a test', 'a test')`);
  await waitFor(well, (chat) => chat.workerId === null);
}, 20_000);
