/** Rows of one chat on which the database hangs: they cost that chat alone. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
const create = async (text: string) => (await new ChatStore(database.pool).create({ ownerId, text })).id;
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});

/** From now on a lease of the chat takes a minute to write. */
const hang = (event: 'INSERT' | 'UPDATE', chatId: string) =>
  database.pool.query(`
    CREATE OR REPLACE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.chat_id = '${chatId}' THEN PERFORM pg_sleep(60); END IF;
      RETURN new;
    END $$;
    CREATE OR REPLACE TRIGGER hang BEFORE ${event} ON chat_heartbeats FOR EACH ROW EXECUTE FUNCTION hang()`);
const mend = () => database.pool.query('DROP FUNCTION IF EXISTS hang CASCADE');
afterEach(mend);

async function leaseOf(replica: { url: string; workerId: string }, chatId: string) {
  const selection = '... on ChatRuntime { runners { lease { consecutiveFailures lastError } } }';
  const { body } = await askReplica(replica, selection, [
    { __typename: 'ChatRuntime', chatId, workerId: replica.workerId },
  ]);
  type Lease = { consecutiveFailures: number; lastError: string | null };
  return ((body.data?._entities ?? []) as { runners: { lease: Lease }[] }[])[0]?.runners[0]?.lease;
}

test('a lease whose renewal hangs costs no other chat its lease, and the replica not its row', async () => {
  const lost: string[] = [];
  const write = (line: string) => {
    if (line.includes('stops without the chat')) lost.push(JSON.parse(line).chatId);
  };
  const replica = await startReplica({ staleAfterSeconds: 15, log: pino({ level: 'warn' }, { write }) });
  const ids = await Promise.all(Array.from({ length: 20 }, () => create('/stall')));
  const [odd = '', ...well] = ids;
  await until(async () => (await readChats(database.pool, ids)).every((chat) => chat.runnerId));
  await hang('UPDATE', odd);
  const lease = await until(async () => {
    const seen = await leaseOf(replica, odd);
    return (seen?.consecutiveFailures ?? 0) >= 2 && seen;
  });
  expect(lease).toMatchObject({ lastError: 'TIMED_OUT' });
  const unharmed = { consecutiveFailures: 0, lastError: null };
  expect(await Promise.all(well.map((id) => leaseOf(replica, id)))).toEqual(well.map(() => unharmed));
  const { rows } = await database.pool.query<{ age: number }>(
    `SELECT extract(epoch FROM clock_timestamp() - updated_at)::float8 AS age FROM replicas WHERE id = $1`,
    [replica.workerId],
  );
  expect(rows[0]?.age).toBeLessThan(5);
  expect(well.filter((id) => lost.includes(id))).toEqual([]);
  await mend();
  await until(async () => (await leaseOf(replica, odd))?.lastError === null);
});
