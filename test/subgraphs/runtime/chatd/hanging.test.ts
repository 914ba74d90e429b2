/** Rows of one chat on which the database hangs: they cost that chat alone. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { acquireChats } from '../../../../subgraphs/runtime/chatd/acquisition.ts';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { openWorkerPool } from '../../../../subgraphs/runtime/chatd/pool.ts';
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

/** Makes each write of a lease of the chat take a minute from now on. */
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
  await until('all chats have a runner', async () =>
    (await readChats(database.pool, ids)).every((chat) => chat.runnerId),
  );
  await hang('UPDATE', odd);
  const lease = await until("the odd chat's lease failed twice", async () => {
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
  await until("the odd chat's lease is renewed again", async () => (await leaseOf(replica, odd))?.lastError === null);
});

describe('a chat whose lease hangs when it is made', () => {
  const refusedBy = async (replica: { url: string; workerId: string }) => {
    const selection = '... on ReplicaRuntime { refusedChats { chatId reason } }';
    const representation = { __typename: 'ReplicaRuntime', workerId: replica.workerId };
    const { body } = await askReplica(replica, selection, [representation], replica.workerId);
    return ((body.data?._entities ?? []) as { refusedChats: { chatId: string; reason: string }[] }[])[0]?.refusedChats;
  };

  test('is passed over with the reason, and those that come later do not wait for it', async () => {
    const odd = await create('/stall');
    await hang('INSERT', odd);
    const replica = await startReplica();
    await until(
      'the replica names the chat that it could not take',
      async () => (await refusedBy(replica))?.length === 1,
    );
    expect(await refusedBy(replica)).toEqual([{ chatId: odd, reason: 'TIMED_OUT' }]);
    const well = await create('hello');
    await until(
      'the chat beside it is answered',
      async () => (await readChats(database.pool, [well]))[0]?.status === 'waiting',
    );
    await mend();
    await until(
      'the replica takes the odd chat',
      async () => (await readChats(database.pool, [odd]))[0]?.workerId === replica.workerId,
    );
    await until('the replica names no such chat any more', async () => (await refusedBy(replica))?.length === 0);
  });

  test.each(['met for the first time', 'refused before'])('keeps no other from its runner (%s)', async (when) => {
    const odd = await create('hello');
    const well = await create('hello');
    await hang('INSERT', odd);
    const known = when === 'refused before' ? [odd] : [];
    const seen: string[] = [];
    const pool = openWorkerPool({
      workerId: randomUUID(),
      databaseUrl: database.url,
      max: 1,
      log: pino({ level: 'silent' }),
    });
    const { refused } = await acquireChats(pool, {
      ...{ workerId: randomUUID(), staleAfterSeconds: 30, clockAheadSeconds: 2, limit: 50, except: known },
      apart: known.map((chatId) => ({ chatId, ownerId })),
      onTaken: (chats) => seen.push(...chats.map(({ id }) => id)),
    }).finally(() => {
      seen.push('all were tried');
      return pool.end();
    });
    expect(seen).toEqual([well, 'all were tried']);
    expect(refused).toMatchObject([{ chatId: odd, error: { code: '57014' } }]);
  });
});
