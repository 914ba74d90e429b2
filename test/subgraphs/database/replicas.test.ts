import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertReplica } from './support/rows.ts';
import { entities, subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
/** So long that nothing ages while the test runs. */
const STALE_AFTER_SECONDS = 3600;
const ask = subgraphPerFile(database, { staleAfterSeconds: STALE_AFTER_SECONDS });
const ago = (seconds: number) => `now() - interval '${seconds} seconds'`;

beforeEach(async () => {
  await database.pool.query('DELETE FROM replicas');
});

describe('replicas', () => {
  test('come newest start first, with every column, and their runtime always', async () => {
    const first = await insertReplica(database.pool, { started_at: `'2026-01-01Z'`, stopped_at: `'2026-01-02Z'` });
    const second = await insertReplica(database.pool, { started_at: `'2026-01-03Z'`, error: 'out of memory' });
    await Promise.all([1, 2, 3].map(() => insertChat(database.pool, { worker_id: second })));
    const { data, errors } = await ask(`{ replicas {
      id hostname relayAddress version regionId startedAt stoppedAt isAlive error ownedChats runtime { workerId } } }`);
    expect(errors).toEqual([]);
    const common = { hostname: 'host', relayAddress: 'http://127.0.0.1:1/relay', version: '0.1.0', regionId: 7 };
    expect(data?.replicas).toEqual([
      {
        ...common,
        id: second,
        startedAt: '2026-01-03T00:00:00.000Z',
        stoppedAt: null,
        isAlive: true,
        error: 'out of memory',
        ownedChats: 3,
        runtime: { workerId: second },
      },
      {
        ...common,
        id: first,
        startedAt: '2026-01-01T00:00:00.000Z',
        stoppedAt: '2026-01-02T00:00:00.000Z',
        isAlive: false,
        error: null,
        ownedChats: 0,
        runtime: { workerId: first },
      },
    ]);
  });

  test('are alive if they have not stopped and their row is not stale, by the database’s clock', async () => {
    const fresh = await insertReplica(database.pool);
    const stale = await insertReplica(database.pool, { updated_at: ago(STALE_AFTER_SECONDS + 1) });
    const stopped = await insertReplica(database.pool, { stopped_at: 'now()' });
    const idsOf = async (alive: string) => {
      const { data } = await ask(`{ replicas(alive: ${alive}) { id isAlive } }`);
      const { replicas } = data as { replicas: { id: string; isAlive: boolean }[] };
      return new Map(replicas.map(({ id, isAlive }) => [id, isAlive]));
    };
    expect(await idsOf('true')).toEqual(new Map([[fresh, true]]));
    expect(await idsOf('false')).toEqual(
      new Map([
        [stale, false],
        [stopped, false],
      ]),
    );
    expect(await idsOf('null')).toEqual(
      new Map([
        [fresh, true],
        [stale, false],
        [stopped, false],
      ]),
    );
  });

  test('are at most 1,000', async () => {
    await database.pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version, started_at)
       SELECT gen_random_uuid(), 'host', '', '', now() - make_interval(secs => i) FROM generate_series(1, 1001) AS i`,
    );
    const { data } = await ask('{ replicas { startedAt } }');
    expect(data?.replicas).toHaveLength(1000);
  });

  test('one is found by its id, in any case', async () => {
    const id = await insertReplica(database.pool, { id: 'abcdef00-0000-4000-8000-000000000001' });
    const { data } = await ask(
      `{ here: replica(id: "${id.toUpperCase()}") { id ownedChats } gone: replica(id: "${randomUUID()}") { id } }`,
    );
    expect(data).toEqual({ here: { id, ownedChats: 0 }, gone: null });
  });
});

describe('everywhere', () => {
  test('names every replica that may run, a frozen one too, and the owner whatever its state; by id, each once', async () => {
    const { pool } = database;
    const fresh = await insertReplica(pool);
    const frozen = await insertReplica(pool, { updated_at: ago(9 * STALE_AFTER_SECONDS) });
    await insertReplica(pool, { updated_at: ago(10 * STALE_AFTER_SECONDS + 60) });
    const stopped = await insertReplica(pool, { stopped_at: 'now()' });
    const unknown = randomUUID();
    const chats = await Promise.all(
      [fresh, stopped, unknown, null].map((worker_id) => insertChat(pool, { worker_id })),
    );
    const { data } = await ask(
      'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { everywhere { chatId workerId } } }',
      {
        ids: chats,
      },
    );
    const expected = [[], [stopped], [unknown], []].map((more, i) => ({
      everywhere: [fresh, frozen, ...more].sort().map((workerId) => ({ chatId: chats[i], workerId })),
    }));
    expect(data?.chatDebugSnapshots).toEqual(expected);
  });
});

describe('without the role', () => {
  const caller = user(randomUUID());
  const forbidden = (...path: unknown[]) => ({
    message: 'This needs the role chat-debug:read-all.',
    path,
    extensions: { code: 'FORBIDDEN' },
  });

  test('replica, replicas and everywhere are null and FORBIDDEN, and the rest is answered', async () => {
    const id = await insertChat(database.pool, { owner_id: caller.sub });
    const replica = await insertReplica(database.pool);
    const { data, errors } = await ask(
      `{ replicas { id } replica(id: "${replica}") { id } chatDebugSnapshot(chatId: "${id}") { chatId everywhere { workerId } } }`,
      {},
      caller,
    );
    expect(data).toEqual({ replicas: null, replica: null, chatDebugSnapshot: { chatId: id, everywhere: null } });
    expect(errors).toHaveLength(3);
    expect(errors).toEqual(
      expect.arrayContaining(
        [['replicas'], ['replica'], ['chatDebugSnapshot', 'everywhere']].map((path) =>
          expect.objectContaining(forbidden(...path)),
        ),
      ),
    );
  });

  test('an entity that is a replica is null and FORBIDDEN, whether it is there or not', async () => {
    const replica = await insertReplica(database.pool);
    const representations = [replica, randomUUID()].map((id) => ({ __typename: 'Replica', id }));
    const { data, errors } = await entities(ask, representations, '... on Replica { hostname }', caller);
    expect(data).toEqual({ _entities: [null, null] });
    expect(errors).toMatchObject([forbidden('_entities', 0), forbidden('_entities', 1)]);
  });
});
