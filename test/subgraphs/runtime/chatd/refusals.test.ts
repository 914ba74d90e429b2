/** Rows of one chat that the database refuses: they cost that chat alone, and the replica can tell why. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { renewLeases } from '../../../../subgraphs/runtime/chatd/heartbeats.ts';
import { RefusedChats } from '../../../../subgraphs/runtime/chatd/refusedChats.ts';
import { databasePerFile } from '../../../support/database.ts';
import { manualClock } from '../../../support/manualClock.ts';
import { askReplica, OPERATOR, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
const create = async (text: string) => (await new ChatStore(database.pool).create({ ownerId, text })).id;

/** Makes the table refuse these chats' rows. */
async function refuse(table: string, events: string, code: string, chatIds: readonly string[]): Promise<void> {
  const which = chatIds.map((id) => `'${id}'`).join(', ');
  await database.pool.query(`
    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.chat_id IN (${which}) THEN RAISE EXCEPTION 'a secret' USING ERRCODE = '${code}'; END IF;
      RETURN new;
    END $$;
    CREATE OR REPLACE TRIGGER refuse BEFORE ${events} ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse()`);
}
const accept = () => database.pool.query('DROP FUNCTION IF EXISTS refuse CASCADE');
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});
afterEach(accept);

async function owned(count: number) {
  const workerId = randomUUID();
  const ids = await Promise.all(Array.from({ length: count }, () => create('hello')));
  const { rows } = await database.pool.query<{ chatId: string; runnerId: string }>(
    `UPDATE chats SET worker_id = $1, runner_id = gen_random_uuid() WHERE id = ANY ($2::uuid[])
     RETURNING id AS "chatId", runner_id AS "runnerId"`,
    [workerId, ids],
  );
  return { workerId, keys: rows };
}

describe('leases', () => {
  test.each(['P0001', '23514', '42501', '53100', '58030'])(
    'are renewed beside those that the database refuses (%s), which are neither renewed nor lost',
    async (code) => {
      const { workerId, keys } = await owned(40);
      const odd = [keys[3], keys[30]].flatMap((key) => key ?? []);
      await refuse(
        'chat_heartbeats',
        'INSERT OR UPDATE',
        code,
        odd.map(({ chatId }) => chatId),
      );
      const name = { '53100': 'DISK_FULL', '58030': 'SERVER_IO' }[code] ?? code;
      for (const round of ['inserted', 'updated']) {
        const { renewed, failed, failure } = await renewLeases(database.pool, workerId, keys);
        expect([round, renewed.size, failure]).toEqual([round, 38, undefined]);
        expect(new Map(failed)).toEqual(new Map(odd.map(({ runnerId }) => [runnerId, name])));
      }
    },
  );

  test('that are all refused cost a limited number of statements, and one connection', async () => {
    const { workerId, keys } = await owned(300);
    await refuse(
      'chat_heartbeats',
      'INSERT OR UPDATE',
      '23514',
      keys.map(({ chatId }) => chatId),
    );
    const pool = new pg.Pool({ connectionString: database.url });
    let [connections, statements] = [0, 0];
    pool.on('connect', (client) => {
      connections += 1;
      const query = client.query.bind(client) as (...sent: unknown[]) => unknown;
      client.query = ((...sent: unknown[]) => {
        statements += 1;
        return query(...sent);
      }) as never;
    });
    const { renewed, failed } = await renewLeases(pool, workerId, keys);
    await pool.end();
    expect([renewed.size, failed.size]).toEqual([0, 300]);
    expect(statements).toBeLessThanOrEqual(250);
    expect(connections).toBe(1);
  });

  test('of a replica say why they are not renewed, and those of its other chats, and its row, are kept', async () => {
    const replica = await startReplica({ staleAfterSeconds: 3_600 });
    const [odd, well] = await Promise.all(['/stall', '/stall'].map(create));
    await until('both chats have a runner', async () =>
      (await readChats(database.pool, [odd ?? '', well ?? ''])).every((chat) => chat.runnerId),
    );
    await refuse('chat_heartbeats', 'UPDATE', '23514', [odd ?? '']);
    const leaseOf = async (chatId = '') => {
      const selection = '... on ChatRuntime { runners { lease { consecutiveFailures lastError } } }';
      const { body } = await askReplica(replica, selection, [
        { __typename: 'ChatRuntime', chatId, workerId: replica.workerId },
      ]);
      type Lease = { consecutiveFailures: number; lastError: string | null };
      return ((body.data?._entities ?? []) as { runners: { lease: Lease }[] }[])[0]?.runners[0]?.lease;
    };
    const seen = await until("the odd chat's lease failed twice", async () => {
      const lease = await leaseOf(odd);
      return (lease?.consecutiveFailures ?? 0) >= 2 && lease;
    });
    expect(seen).toMatchObject({ lastError: '23514' });
    expect(await leaseOf(well)).toEqual({ consecutiveFailures: 0, lastError: null });
    const renewedAt = async () =>
      (
        await database.pool.query<{ at: Date }>('SELECT updated_at AS at FROM replicas WHERE id = $1', [
          replica.workerId,
        ])
      ).rows[0]?.at.getTime() ?? 0;
    const before = await renewedAt();
    await until('the other lease is renewed', async () => (await renewedAt()) > before);
    await accept();
    await until("the odd chat's lease is renewed again", async () => (await leaseOf(odd))?.lastError === null);
  });
});

describe('a chat that cannot be taken', () => {
  const refusedBy = async (replica: { url: string; workerId: string }, caller = OPERATOR) => {
    const selection = '... on ReplicaRuntime { acquisitionError refusedChats { chatId reason } }';
    const representation = { __typename: 'ReplicaRuntime', workerId: replica.workerId };
    const { body } = await askReplica(replica, selection, [representation], replica.workerId, caller);
    type Seen = { acquisitionError: string | null; refusedChats: { chatId: string; reason: string }[] };
    return ((body.data?._entities ?? []) as Seen[])[0];
  };

  test('is told with the reason, to its owner and to whoever may read all, until it can be taken', async () => {
    const well = await create('hello');
    const odd = await create('/stall');
    await refuse('chat_heartbeats', 'INSERT', '23514', [odd]);
    const replica = await startReplica();
    const list = [{ chatId: odd, reason: '23514' }];
    await until(
      'the replica names the chat that it could not take',
      async () => (await refusedBy(replica))?.refusedChats.length === 1,
    );
    expect(await refusedBy(replica)).toEqual({ acquisitionError: null, refusedChats: list });
    expect((await refusedBy(replica, { sub: ownerId, roles: [] }))?.refusedChats).toEqual(list);
    expect((await refusedBy(replica, { sub: randomUUID(), roles: [] }))?.refusedChats).toEqual([]);
    await until(
      'the chat beside it is answered',
      async () => (await readChats(database.pool, [well]))[0]?.status === 'waiting',
    );
    await accept();
    await until(
      'the replica takes the odd chat',
      async () => (await readChats(database.pool, [odd]))[0]?.workerId === replica.workerId,
    );
    await until(
      'the replica names no such chat any more',
      async () => (await refusedBy(replica))?.refusedChats.length === 0,
    );
  });

  test('since no chat can be, is why the replica does not look', async () => {
    const odd = await create('/stall');
    await refuse('chat_heartbeats', 'INSERT', '53100', [odd]);
    const replica = await startReplica();
    await until(
      'the acquisition says DISK_FULL',
      async () => (await refusedBy(replica))?.acquisitionError === 'DISK_FULL',
    );
    await accept();
    await until('the acquisition works again', async () => (await refusedBy(replica))?.acquisitionError === null);
  });
});

test('a task that waits for the database says with what it was refused', async () => {
  const chatId = await create('hello');
  await refuse('chat_messages', 'INSERT', '53100', [chatId]);
  const replica = await startReplica();
  const selection = '... on ChatRuntime { runners { activeTask { waitsForDatabaseSeconds databaseError } } }';
  const seen = await until("the task names the database's error", async () => {
    const { body } = await askReplica(replica, selection, [
      { __typename: 'ChatRuntime', chatId, workerId: replica.workerId },
    ]);
    type Task = { waitsForDatabaseSeconds: number | null; databaseError: string | null };
    const task = ((body.data?._entities ?? []) as { runners: { activeTask: Task | null }[] }[])[0]?.runners[0]
      ?.activeTask;
    return task?.databaseError ? task : undefined;
  });
  expect(seen).toEqual({ waitsForDatabaseSeconds: expect.any(Number), databaseError: 'DISK_FULL' });
  await accept();
  await until('the chat is answered', async () => (await readChats(database.pool, [chatId]))[0]?.status === 'waiting');
});

test('chats that were refused and that nobody refuses any more are forgotten, and the others wait longer each time', () => {
  const clock = manualClock();
  const refused = new RefusedChats(clock);
  const chat = (chatId: string) => ({ chatId, ownerId, reason: '23514' });
  const first = refused.note(chat('a'));
  refused.note(chat('b'));
  expect(refused.all().map(({ chatId }) => chatId)).toEqual(['b', 'a']);
  const second = refused.note(chat('a'));
  expect(second).toBeGreaterThan(first);
  refused.keep(['a']);
  expect(refused.all()).toEqual([chat('a')]);
  expect(refused.current()).toEqual(['a']);
  clock.advance(second + 1);
  expect(refused.current()).toEqual([]);
});
