/** Faults between a worker and its database, each case by name. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../../../common/clock.ts';
import { acquireChats } from '../../../../subgraphs/runtime/chatd/acquisition.ts';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { cleanUp } from '../../../../subgraphs/runtime/chatd/cleanUp.ts';
import { renewLeases } from '../../../../subgraphs/runtime/chatd/heartbeats.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { whileHeld } from '../../../support/locks.ts';
import { type PostgresProxy, startPostgresProxy } from '../../../support/postgresProxy.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
const proxies: PostgresProxy[] = [];
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

async function openProxy() {
  const proxy = await startPostgresProxy(database.url);
  proxies.push(proxy);
  return proxy;
}

const waitFor = chatWaits(() => database.pool);

async function roles(id: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ role: string }>(
    'SELECT role::text FROM chat_messages WHERE chat_id = $1 ORDER BY id',
    [id],
  );
  return rows.map(({ role }) => role);
}

async function runnersOf(replica: { url: string; workerId: string }, chatId: string) {
  const asked = askReplica(replica, '... on ChatRuntime { runners { phase tasks { kind cancelledAt } } }', [
    { __typename: 'ChatRuntime', chatId, workerId: replica.workerId },
  ]);
  const { body } = await asked;
  const [chat] = (body.data?._entities ?? []) as { runners: { phase: string; tasks: { kind: string }[] }[] }[];
  return chat?.runners ?? [];
}

describe('a worker', () => {
  test('that is cut off from the database stops its runners before another worker may take the chat', async () => {
    const proxy = await openProxy();
    const stopsMs: number[] = [];
    const write = (line: string) => {
      if (line.includes('runner stops without the chat')) stopsMs.push(systemClock.monotonicMs());
    };
    const log = pino({ level: 'warn' }, { write });
    const cutOff = await startReplica({ databaseUrl: proxy.url, staleAfterSeconds: 10, log });
    const { id } = await store.create({ ownerId, text: '/slow 6' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    proxy.freeze();
    const askedMs = systemClock.monotonicMs(); // before the age was measured: what is added to it is rather too much
    const { rows } = await database.pool.query<{ age: number }>(
      `SELECT extract(epoch FROM clock_timestamp() - heartbeat_at)::float8 AS age FROM chat_heartbeats WHERE chat_id = $1`,
      [id],
    );
    const stoppedMs = await until('the log says that the runner stops', () => stopsMs[0]);
    expect((rows[0]?.age ?? Infinity) + (stoppedMs - askedMs) / 1000).toBeLessThan(10);
    expect((await runnersOf(cutOff, id)).map(({ phase }) => phase)).toEqual(['STOPPING']);
    const healthy = await startReplica({ staleAfterSeconds: 10 });
    await waitFor(id, (chat) => chat.workerId === healthy.workerId);
    proxy.thaw(); // the zombie wakes with a write at hand, and finds that the chat is another's
    await waitFor(id, (chat) => chat.status === 'waiting');
    expect(await roles(id)).toEqual(['user', 'assistant']);
  });

  test('commits once when the commit of its step succeeds and the answer is lost', async () => {
    const proxy = await openProxy();
    let sent = 0;
    proxy.loseNextAnswer((request) => {
      if (!String(request).includes('INSERT INTO chat_messages')) return false;
      sent += 1;
      return true;
    });
    proxy.dropsNotifications = true; // the runner learns what became of it when it tries again
    const { id } = await store.create({ ownerId, text: 'hello' });
    await startReplica({ databaseUrl: proxy.url, acquisitionIntervalSeconds: 600 }); // no transaction but the runner's
    await waitFor(id, (chat) => chat.status === 'waiting' && chat.workerId === null);
    expect(sent).toBe(1);
    expect(await roles(id)).toEqual(['user', 'assistant']);
  });

  test('keeps its other leases while a transaction holds one row behind a frozen connection', async () => {
    const replica = await startReplica();
    const [locked, other] = await Promise.all(['/stall', '/stall'].map((text) => store.create({ ownerId, text })));
    if (!locked || !other) throw new Error('no chats');
    await Promise.all([locked, other].map(({ id }) => waitFor(id, (chat) => chat.generationAttempt === 1)));
    await whileHeld(database.pool, [locked.id], async () => {
      const beats = async () =>
        (await database.pool.query('SELECT chat_id, heartbeat_at FROM chat_heartbeats ORDER BY chat_id')).rows;
      const before = await beats();
      await until('both leases are renewed', async () =>
        (await beats()).every((row, place) => row.heartbeat_at > before[place]?.heartbeat_at),
      );
      await store.apply(other.id, { name: 'interrupt' });
      await waitFor(other.id, (chat) => chat.status === 'waiting');
    });
    expect((await readChats(database.pool, [locked.id]))[0]?.workerId).toBe(replica.workerId);
  });

  test('goes on when every connection breaks, and notices what happened meanwhile', async () => {
    const proxy = await openProxy();
    await startReplica({ databaseUrl: proxy.url, staleAfterSeconds: 60 });
    const { id } = await store.create({ ownerId, text: '/stall' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await proxy.close();
    await store.apply(id, { name: 'interrupt' });
    await proxy.listen();
    await waitFor(id, (chat) => chat.status === 'waiting');
  });

  test('hears of a change though no notification arrives', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/stall' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await database.pool.query(
      `UPDATE chats SET status = 'interrupting', snapshot_version = snapshot_version + 1 WHERE id = $1`,
      [id],
    );
    await waitFor(id, (chat) => chat.status === 'waiting');
  });

  test('is not held up by a model that never ends, whatever it is told', async () => {
    const replica = await startReplica();
    const { id } = await store.create({ ownerId, text: '/hang' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await store.apply(id, { name: 'interrupt' });
    await waitFor(id, (chat) => chat.status === 'waiting' && chat.workerId === null);
    await until('the replica has no runner for the chat', async () => (await runnersOf(replica, id)).length === 0);
  });

  test('leaves a chat alone whose status it does not know, and answers one with a message of an unknown role', async () => {
    await database.pool.query(`ALTER TYPE chat_status ADD VALUE IF NOT EXISTS 'dreaming'`);
    await database.pool.query(`ALTER TYPE chat_message_role ADD VALUE IF NOT EXISTS 'critic'`);
    const strange = await store.create({ ownerId, text: 'strange' });
    await database.pool.query(`UPDATE chats SET status = 'dreaming' WHERE id = $1`, [strange.id]);
    const criticised = await store.create({ ownerId, text: 'criticised' });
    await database.pool.query(`INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'critic', '"boo"')`, [
      criticised.id,
    ]);
    await startReplica();
    await waitFor(criticised.id, (chat) => chat.status === 'waiting');
    expect(await roles(criticised.id)).toEqual(['user', 'critic', 'assistant']);
    expect(await readChats(database.pool, [strange.id])).toMatchObject([{ workerId: null, snapshotVersion: 2 }]);
  });

  test('ends the turn of a chat whose history no model can be called with, and says which message it is', async () => {
    const { id } = await store.create({ ownerId, text: 'hello' });
    await database.pool.query(`UPDATE chat_messages SET content = '{"secret": 1}' WHERE chat_id = $1`, [id]);
    await startReplica();
    await waitFor(id, (chat) => chat.status === 'error' && chat.workerId === null);
    const { rows } = await database.pool.query('SELECT last_error FROM chats WHERE id = $1', [id]);
    expect(rows[0]?.last_error).toMatchObject({ kind: 'history', provider: 'chatd', retryable: false });
    expect(JSON.stringify(rows)).not.toContain('secret');
  });
});

const acquire = async (by: { workerId: string; staleAfterSeconds: number; limit: number }) =>
  (await acquireChats(database.pool, { ...by, clockAheadSeconds: 2, except: [] })).chats;

describe('a replica', () => {
  test('that cannot give a chat up in time stops all the same, and the chat is taken when its lease is stale', async () => {
    const stuck = await startReplica({ staleAfterSeconds: 4 });
    const { id } = await store.create({ ownerId, text: '/slow 4' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await whileHeld(database.pool, [id], async () => {
      const beganMs = systemClock.monotonicMs();
      await stuck.stop();
      expect(systemClock.monotonicMs() - beganMs).toBeLessThan(8_000); // a statement's own limit is 10 s
      const { rows } = await database.pool.query('SELECT worker_id FROM chats WHERE id = $1', [id]);
      expect(rows).toEqual([{ worker_id: stuck.workerId }]);
      await database.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, [
        `chatd ${stuck.workerId}`, // in a process of its own these would be gone with it
      ]);
    });
    const next = await startReplica({ staleAfterSeconds: 4 });
    await waitFor(id, (chat) => chat.workerId === next.workerId);
    await waitFor(id, (chat) => chat.status === 'waiting');
    expect(await roles(id)).toEqual(['user', 'assistant']);
  });

  test('that stops while the database is away leaves nothing behind that would go on', async () => {
    let sleeping = 0;
    let isStopped = false;
    let wentOn = 0;
    const sleep = async (ms: number, signal?: AbortSignal) => {
      sleeping += 1;
      await systemClock.sleep(ms, signal);
      sleeping -= 1;
      if (isStopped && !signal?.aborted) wentOn += 1;
    };
    const proxy = await openProxy();
    const replica = await startReplica({
      databaseUrl: proxy.url,
      clock: { ...systemClock, sleep },
      staleAfterSeconds: 60,
    });
    const { id } = await store.create({ ownerId, text: '/fail' });
    await waitFor(id, (chat) => chat.generationAttempt > 1);
    await proxy.close();
    await replica.stop();
    isStopped = true;
    await until('all that slept has ended', () => sleeping === 0);
    expect(wentOn).toBe(0); // a runner that goes on waits for its next attempt until its time
  });

  test('whose row was deleted writes it again', async () => {
    const { workerId } = await startReplica();
    await database.pool.query('DELETE FROM replicas WHERE id = $1', [workerId]);
    const rows = async () => (await database.pool.query('SELECT id FROM replicas WHERE id = $1', [workerId])).rows;
    await until("the replica's row is back", async () => (await rows()).length === 1);
  });
});

describe('leases', () => {
  test('two workers that see the same candidates at the same moment share them out, none twice', async () => {
    const chats = await Promise.all(Array.from({ length: 20 }, () => store.create({ ownerId, text: 'hello' })));
    const take = (workerId: string) => acquire({ workerId, staleAfterSeconds: 30, limit: 20 });
    const workers = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const taken = (await Promise.all(workers.map(take))).flat().map((chat) => chat.id);
    expect(taken.sort()).toEqual(chats.map((chat) => chat.id).sort());
  });

  test('a chat is left alone while its heartbeat is younger than the stale time, and taken when it is older', async () => {
    const { id } = await store.create({ ownerId, text: 'hello' });
    const take = () => acquire({ workerId: randomUUID(), staleAfterSeconds: 30, limit: 5 });
    expect(await take()).toHaveLength(1);
    const age = (seconds: number) =>
      database.pool.query(
        `UPDATE chat_heartbeats SET heartbeat_at = now() - $2 * interval '1 second' WHERE chat_id = $1`,
        [id, seconds],
      );
    await age(15);
    expect(await take()).toEqual([]);
    await age(30.001);
    expect(await take()).toHaveLength(1);
  });

  test('are renewed in one statement, restored when the table was emptied, and not renewed for a chat that was lost', async () => {
    const workerId = randomUUID();
    const [kept, lost] = await Promise.all(['a', 'b'].map((text) => store.create({ ownerId, text })));
    const taken = await acquire({ workerId, staleAfterSeconds: 30, limit: 5 });
    const keys = taken.map(({ id, runnerId }) => ({ chatId: id, runnerId: runnerId ?? '' }));
    await database.pool.query('TRUNCATE chat_heartbeats'); // as a crash of Postgres does: the table is UNLOGGED
    await database.pool.query('UPDATE chats SET runner_id = $2 WHERE id = $1', [lost?.id, randomUUID()]);
    const { renewed } = await renewLeases(database.pool, workerId, keys);
    expect([...renewed]).toEqual(keys.filter((key) => key.chatId === kept?.id).map((key) => key.runnerId));
    expect((await database.pool.query('SELECT chat_id FROM chat_heartbeats')).rows).toEqual([{ chat_id: kept?.id }]);
  });

  test('are renewed while every connection of the runners waits for a row that somebody else has locked', async () => {
    const replica = await startReplica({ staleAfterSeconds: 8 });
    const chats = await Promise.all(Array.from({ length: 12 }, () => store.create({ ownerId, text: '/fail' })));
    const leases = async () =>
      (await database.pool.query<{ at: Date }>('SELECT heartbeat_at AS at FROM chat_heartbeats ORDER BY 1')).rows;
    await until('all twelve chats have a lease', async () => (await leases()).length === 12);
    const waiting = `SELECT count(*)::int AS sessions FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'chatd%' AND wait_event_type = 'Lock'`;
    const ids = chats.map(({ id }) => id);
    await whileHeld(database.pool, ids, async () => {
      await until(
        'all ten connections of the runners wait for a lock',
        async () => (await database.pool.query(waiting)).rows[0]?.sessions === 10,
      );
      const newest = (await leases()).at(-1)?.at ?? new Date(0);
      await until(
        'all twelve leases are renewed',
        async () => (await leases()).every(({ at }) => at > newest) && (await leases()).length === 12,
      );
      const phases = ids.map(async (id) => (await runnersOf(replica, id)).map(({ phase }) => phase));
      expect(await Promise.all(phases)).toEqual(ids.map(() => ['RUNNING']));
    });
  });

  test('clean-up takes old leases that no runnable chat names and replicas long gone, and nothing else', async () => {
    const { id } = await store.create({ ownerId, text: 'hello' });
    const [chat] = await acquire({ workerId: randomUUID(), staleAfterSeconds: 30, limit: 1 });
    const insert = (runnerId: string | null, seconds: number) =>
      database.pool.query(
        `INSERT INTO chat_heartbeats VALUES ($1, $2, now() - $3 * interval '1 second')
         ON CONFLICT (chat_id, runner_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
        [id, runnerId, seconds],
      );
    await insert(chat?.runnerId ?? null, 400); // stale, but the one that the chat names
    await insert(randomUUID(), 250);
    await insert(randomUUID(), 350);
    const replica = async (days: number, id: string = randomUUID()) => {
      await database.pool.query(
        `INSERT INTO replicas (id, hostname, relay_address, version, updated_at) VALUES ($1, '', '', '', now() - $2 * interval '1 day')`,
        [id, days],
      );
      return id;
    };
    const [recent, gone, owner] = [await replica(1), await replica(8), await replica(9, chat?.workerId ?? undefined)];
    expect(await cleanUp(database.pool, { staleAfterSeconds: 30, historyRetentionDays: 14 })).toBe(2);
    const { rows } = await database.pool.query('SELECT id FROM replicas');
    const left = rows.map((row) => row.id);
    expect([left.includes(recent), left.includes(gone), left.includes(owner)]).toEqual([true, false, true]);
    expect((await database.pool.query('SELECT FROM chat_heartbeats')).rowCount).toBe(2);
  });
});
