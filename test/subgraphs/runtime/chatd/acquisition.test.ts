import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { acquireChats } from '../../../../subgraphs/runtime/chatd/acquisition.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { renewLeases } from '../../../../subgraphs/runtime/chatd/heartbeats.ts';
import { keepReplica, markReplicaStopped } from '../../../../subgraphs/runtime/chatd/replicaRow.ts';
import { eventsOf, expectKept } from '../../../support/chatEvents.ts';
import { databasePerFile } from '../../../support/database.ts';
import { whileHolding } from '../../../support/locks.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const worker = (limit: number) => ({
  ...{ workerId: randomUUID(), staleAfterSeconds: 30, clockAheadSeconds: 2, limit, except: [] },
});

/** The database as it is, but that something happens between the look for candidates and the taking of them. */
const interveningPool = (intervene: () => Promise<unknown>): Pool =>
  ({
    query: (text: string) => database.pool.query(text),
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
  expect(await acquireChats(interveningPool(renewal), worker(2))).toEqual({
    chats: [],
    more: true,
    refused: [],
    left: [],
  });
  expect(await acquireChats(database.pool, worker(2))).toEqual({ chats: [], more: false, refused: [], left: [] });
});

const ahead = (id: string | undefined, interval: string) =>
  database.pool.query(`UPDATE chat_heartbeats SET heartbeat_at = now() + $2::interval WHERE chat_id = $1`, [
    id,
    interval,
  ]);

test('a lease further ahead of the clock than a clock may be does not keep a chat, and a renewal sets it right', async () => {
  const store = new ChatStore(database.pool);
  const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
  const [owner, other] = [worker(5), worker(5)];
  const [taken] = (await acquireChats(database.pool, owner)).chats;
  await ahead(id, '1 second');
  expect((await acquireChats(database.pool, other)).chats).toEqual([]);
  await ahead(id, '1 hour');
  await renewLeases(database.pool, owner.workerId, [{ chatId: id, runnerId: taken?.runnerId ?? '' }]);
  expect((await acquireChats(database.pool, other)).chats).toEqual([]);
  await ahead(id, '1 hour');
  expect((await acquireChats(database.pool, other)).chats.map((chat) => chat.id)).toEqual([id]);
});

test.each([`now() + interval '1 hour'`, `'infinity'`, `'294276-12-31'`])(
  'a chat changed at %s does not wait for ever behind those that changed now',
  async (moment) => {
    const store = new ChatStore(database.pool);
    const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
    await store.create({ ownerId: randomUUID(), text: 'hello' });
    await database.pool.query(`UPDATE chats SET updated_at = ${moment} WHERE id = $1`, [id]);
    expect((await acquireChats(database.pool, worker(1))).chats.map((chat) => chat.id)).toEqual([id]);
    const { rows } = await database.pool.query('SELECT updated_at <= now() AS past FROM chats WHERE id = $1', [id]);
    expect(rows).toEqual([{ past: true }]);
    await acquireChats(database.pool, worker(5));
  },
);

test('a chat whose owner has stopped is taken at once, however fresh its lease', async () => {
  const store = new ChatStore(database.pool);
  const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
  const owner = worker(5);
  expect((await acquireChats(database.pool, owner)).chats).toHaveLength(1);
  const row = { id: owner.workerId, hostname: '', relayAddress: '', version: '' };
  await keepReplica(database.pool, row, 0);
  expect((await acquireChats(database.pool, worker(5))).chats).toEqual([]);
  await markReplicaStopped(database.pool, owner.workerId);
  expect((await acquireChats(database.pool, worker(5))).chats.map((chat) => chat.id)).toEqual([id]);
});

test('a replica that lives sets its row right: one marked as stopped, or stamped ahead of the clock', async () => {
  const row = { id: randomUUID(), hostname: '', relayAddress: '', version: '' };
  await keepReplica(database.pool, row, 0);
  await database.pool.query(`UPDATE replicas SET stopped_at = now(), updated_at = 'infinity' WHERE id = $1`, [row.id]);
  await keepReplica(database.pool, row, 0);
  const { rows } = await database.pool.query(
    'SELECT stopped_at, updated_at <= now() AS past FROM replicas WHERE id = $1',
    [row.id],
  );
  expect(rows).toEqual([{ stopped_at: null, past: true }]);
});

describe('a failure that may pass', () => {
  /** Every write of a lease fails with the code, or of those chats alone that are named. */
  async function refuseLeases(code: string, only: readonly string[] | 'all'): Promise<void> {
    const which = only === 'all' ? 'true' : `new.chat_id IN (${only.map((id) => `'${id}'`).join(', ')})`;
    await database.pool.query(`
      CREATE OR REPLACE FUNCTION refuse_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF ${which} THEN RAISE EXCEPTION 'could not read block 7' USING ERRCODE = '${code}'; END IF;
        RETURN new;
      END $$;
      CREATE OR REPLACE TRIGGER refuse_lease BEFORE INSERT ON chat_heartbeats FOR EACH ROW EXECUTE FUNCTION refuse_lease()`);
  }
  afterEach(async () => {
    await database.pool.query('DROP TRIGGER IF EXISTS refuse_lease ON chat_heartbeats');
    await acquireChats(database.pool, worker(50));
  });

  const create = async () => (await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: 'hello' })).id;

  test.each(['58030', '57014', '55P03', '40001'])('of one chat (%s) costs only itself', async (code) => {
    const odd = [await create(), await create(), await create(), await create()];
    const well = await create();
    await refuseLeases(code, odd);
    const first = await acquireChats(database.pool, worker(50));
    expect(first.chats.map((chat) => chat.id)).toEqual([well]);
    expect(odd).toEqual(expect.arrayContaining(first.refused.map((one) => one.chatId)));
    expect(first.refused).not.toEqual([]);
  });

  test('of many chats that are newer keeps none of the others from being taken', async () => {
    const well = await create();
    const odd = [await create(), await create(), await create(), await create()];
    await refuseLeases('53100', odd);
    const { chats, refused } = await acquireChats(database.pool, worker(50));
    expect(chats.map((chat) => chat.id)).toEqual([well]);
    expect(refused.map((one) => one.chatId).sort()).toEqual(odd.sort());
  });

  test('of as many chats as are looked at makes room for those behind them', async () => {
    const odd = [await create(), await create(), await create()];
    const well = await create();
    await refuseLeases('53100', odd);
    const first = await acquireChats(database.pool, worker(3));
    expect([first.chats, first.refused.map((one) => one.chatId).sort(), first.more]).toEqual([[], odd.sort(), true]);
    const next = await acquireChats(database.pool, { ...worker(3), except: odd });
    expect(next.chats.map((chat) => chat.id)).toEqual([well]);
  });

  test.each(['58030', '53100'])(
    'of every chat (%s) is the database’s, and no chat is passed over for it',
    async (code) => {
      await create();
      await create();
      await refuseLeases(code, 'all');
      await expect(acquireChats(database.pool, worker(50))).rejects.toMatchObject({ code });
    },
  );
});

const GATE = 4711;

/** Whoever reads `replicas` meanwhile waits where the gate is shut. */
async function withGate(work: () => Promise<void>): Promise<void> {
  const { pool } = database;
  await pool.query('ALTER TABLE replicas RENAME TO kept_replicas');
  await pool.query(
    `CREATE VIEW replicas AS SELECT * FROM kept_replicas WHERE (SELECT true FROM pg_advisory_xact_lock_shared(${GATE}))`,
  );
  await work();
  await pool.query('DROP VIEW replicas');
  await pool.query('ALTER TABLE kept_replicas RENAME TO replicas');
}

async function isWaitedAt(gate: number): Promise<boolean> {
  const { rows } = await database.pool.query(
    `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${gate} AND NOT granted`,
  );
  return rows.length > 0;
}

test('a message that is queued between the look and the lock is in the event of the taking', async () => {
  const store = new ChatStore(database.pool);
  await store.create({ ownerId: randomUUID(), text: 'looked at first' });
  await acquireChats(database.pool, worker(1));
  const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
  await withGate(async () => {
    let taking: ReturnType<typeof acquireChats> | undefined;
    await whileHolding(database.pool, `SELECT pg_advisory_xact_lock(${GATE})`, [], async () => {
      taking = acquireChats(database.pool, worker(1));
      await until('the look has begun', () => isWaitedAt(GATE));
      const message = { content: [{ type: 'text', text: 'and more' }], createdBy: randomUUID() };
      await store.apply(id, { name: 'send', message });
    });
    expect((await taking)?.chats).toMatchObject([{ id, queueDepth: 1 }]);
  });
  await expectKept(database.pool, id);
  expect((await eventsOf(database.pool, id)).at(-1)).toMatchObject({ transitions: ['acquire'], toState: 'R1' });
});
