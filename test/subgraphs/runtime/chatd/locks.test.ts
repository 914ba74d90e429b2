/** Locks that somebody else holds and does not let go of: each keeps back what it locks, and nothing beside it. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { cleanUp } from '../../../../subgraphs/runtime/chatd/cleanUp.ts';
import { renewLeases } from '../../../../subgraphs/runtime/chatd/heartbeats.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { whileHeld, whileHolding } from '../../../support/locks.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

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

interface TaskSeen {
  readonly waitsForDatabaseSeconds: number | null;
  readonly secondsSinceProgress: number | null;
  readonly label: string | null;
  readonly breakOffs: number;
  readonly attempt: number;
}

async function look(replica: { url: string; workerId: string }, chatId: string) {
  const selection = `... on ChatRuntime { runners { phase lease { ageSeconds }
    activeTask { waitsForDatabaseSeconds secondsSinceProgress label breakOffs attempt } } }`;
  const { body } = await askReplica(replica, selection, [
    { __typename: 'ChatRuntime', chatId, workerId: replica.workerId },
  ]);
  type Runner = { phase: string; lease: { ageSeconds: number }; activeTask: TaskSeen | null };
  const [chat] = (body.data?._entities ?? []) as { runners: Runner[] }[];
  return chat?.runners[0];
}

async function owned(count: number) {
  const workerId = randomUUID();
  const chats = await Promise.all(Array.from({ length: count }, () => store.create({ ownerId, text: 'hello' })));
  const { rows } = await database.pool.query<{ chatId: string; runnerId: string }>(
    `UPDATE chats SET worker_id = $1, runner_id = gen_random_uuid() WHERE id = ANY ($2::uuid[])
     RETURNING id AS "chatId", runner_id AS "runnerId"`,
    [workerId, chats.map(({ id }) => id)],
  );
  return { workerId, keys: rows };
}

describe('leases', () => {
  test('are renewed beside one that is locked, which is neither renewed nor lost', async () => {
    const { workerId, keys } = await owned(3);
    await renewLeases(database.pool, workerId, keys);
    const lock = 'SELECT FROM chat_heartbeats WHERE chat_id = $1 FOR UPDATE';
    await whileHolding(database.pool, lock, [keys[1]?.chatId], async () => {
      const { renewed, failed, failure } = await renewLeases(database.pool, workerId, keys);
      expect([...renewed].sort()).toEqual([keys[0]?.runnerId, keys[2]?.runnerId].sort());
      expect([...failed]).toEqual([[keys[1]?.runnerId, 'LOCKED']]);
      expect(failure).toBeUndefined();
    });
  });

  test('that a crash has emptied are made again beside one whose chat is locked', async () => {
    const { workerId, keys } = await owned(3);
    await whileHeld(database.pool, [keys[1]?.chatId ?? ''], async () => {
      const { renewed, failed } = await renewLeases(database.pool, workerId, keys);
      expect([...renewed].sort()).toEqual([keys[0]?.runnerId, keys[2]?.runnerId].sort());
      expect([...failed]).toEqual([[keys[1]?.runnerId, 'LOCKED']]);
    });
  });

  test('are kept while the table of chats is locked as a whole, and so is what the model streams', async () => {
    const replica = await startReplica({ staleAfterSeconds: 6 });
    const { id } = await store.create({ ownerId, text: '/stall' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await whileHolding(database.pool, 'LOCK TABLE chats IN ACCESS EXCLUSIVE MODE', [], async () => {
      const began = (await database.pool.query('SELECT clock_timestamp() AS at')).rows[0]?.at;
      await until('seven seconds have passed at the database', async () => {
        const { rows } = await database.pool.query(
          `SELECT clock_timestamp() > $1::timestamptz + interval '7 seconds' AS "isOver"`,
          [began],
        );
        return rows[0]?.isOver;
      });
      expect((await look(replica, id))?.phase).toBe('RUNNING');
    });
    expect((await readChats(database.pool, [id]))[0]).toMatchObject({
      workerId: replica.workerId,
      generationAttempt: 1,
    });
  });

  test('that are locked do not keep chats from being handed over, nor others from being cleaned up', async () => {
    const replica = await startReplica({ staleAfterSeconds: 3_600, heartbeatIntervalSeconds: 600 });
    const [one, other] = await Promise.all(['/stall', '/stall'].map((text) => store.create({ ownerId, text })));
    if (!one || !other) throw new Error('no chats');
    for (const { id } of [one, other]) await waitFor(id, (chat) => chat.generationAttempt === 1);
    await database.pool.query(`INSERT INTO chat_heartbeats VALUES ($1, gen_random_uuid(), '-infinity')`, [other.id]);
    const lock = 'SELECT FROM chat_heartbeats WHERE chat_id = $1 FOR UPDATE';
    await whileHolding(database.pool, lock, [one.id], async () => {
      await replica.stop();
      const chats = await readChats(database.pool, [one.id, other.id]);
      expect(chats.map(({ workerId }) => workerId)).toEqual([null, null]);
      expect(await cleanUp(database.pool, { staleAfterSeconds: 30, historyRetentionDays: 14 })).toBe(1);
    });
  });
});

describe('a chat whose row is locked', () => {
  test('waits with its step in hand: the model is asked once, and what it said is there when the lock is gone', async () => {
    const replica = await startReplica();
    const { id } = await store.create({ ownerId, text: '/slow 2' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await whileHeld(database.pool, [id], async () => {
      const task = await until('the task says what it waits for', async () => {
        const seen = (await look(replica, id))?.activeTask;
        return seen?.label ? seen : undefined;
      });
      expect(task).toMatchObject({ label: 'waits for the database: LOCKED', breakOffs: 0, attempt: 1 });
      expect(task.waitsForDatabaseSeconds).toBeGreaterThan(1.5);
      expect(task.secondsSinceProgress).toBeGreaterThan(1.5);
      const other = await store.create({ ownerId, text: 'hello' });
      await waitFor(other.id, (chat) => chat.status === 'waiting');
    });
    await waitFor(id, (chat) => chat.status === 'waiting');
    const { rows } = await database.pool.query(`SELECT role::text FROM chat_messages WHERE chat_id = $1 ORDER BY id`, [
      id,
    ]);
    expect(rows.map(({ role }) => role)).toEqual(['user', 'assistant']);
  });

  test('does not keep a worker from taking the others, and says in the loop what a locked table keeps back', async () => {
    const replica = await startReplica();
    const locked = await store.create({ ownerId, text: '/stall' });
    await waitFor(locked.id, (chat) => chat.generationAttempt === 1);
    const loops = async () => {
      const { body } = await askReplica(replica, '... on ReplicaRuntime { acquisition { lastError } }', [
        { __typename: 'ReplicaRuntime', workerId: replica.workerId },
      ]);
      const [seen] = (body.data?._entities ?? []) as { acquisition: { lastError: string | null } }[];
      return seen?.acquisition.lastError;
    };
    await whileHolding(database.pool, 'LOCK TABLE chats IN ACCESS EXCLUSIVE MODE', [], () =>
      until('the loops say LOCKED', async () => (await loops()) === 'LOCKED'),
    );
    await until('the loops run again', async () => (await loops()) === null);
  });
});
